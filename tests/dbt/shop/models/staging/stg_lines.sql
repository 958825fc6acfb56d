{{ config(materialized='ephemeral') }}
select wms_line.order_id, wms_line.line_no, wms_line.quantity
from {{ source('loaded', 'wms_line') }}
where wms_line.quantity > 0
