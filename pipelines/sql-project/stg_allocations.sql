-- One row per allocation that reserves something, with the words of the warehouse normalised, and the time when it was
-- loaded.
SELECT
    allocation_id,
    location_id,
    item_id,
    quantity_allocated,
    UPPER(TRIM(allocation_status)) AS status,
    created_date,
    last_updated,
    wms_loaded_at
FROM {allocation}
WHERE quantity_allocated >= {var:least_quantity}
