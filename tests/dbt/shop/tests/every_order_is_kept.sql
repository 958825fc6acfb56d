select o.order_id
from {{ ref('stg_orders') }} o
left join {{ ref('order_history') }} h on h.order_id = o.order_id
where h.order_id is null
