-- Follows the allocations by the time when they were loaded: a row that arrives late, with an old date, is seen, too.
SELECT a.allocation_id, a.location_id, a.quantity_allocated, a.status, l.status_group, a.last_updated
FROM {stg_allocations} a
LEFT JOIN {status_groups} l ON l.status = a.status
{when incremental}
WHERE a.wms_loaded_at > {watermark}
{end}
