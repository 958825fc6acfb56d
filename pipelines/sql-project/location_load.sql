SELECT location_id, status_group, COUNT(*) AS allocations, SUM(quantity_allocated) AS quantity
FROM {allocation_history}
GROUP BY location_id, status_group
