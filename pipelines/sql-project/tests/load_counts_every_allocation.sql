SELECT t.counted, h.kept
FROM (SELECT SUM(allocations) AS counted FROM {location_load}) t
CROSS JOIN (SELECT COUNT(*) AS kept FROM {allocation_history}) h
WHERE t.counted <> h.kept
