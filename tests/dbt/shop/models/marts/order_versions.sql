select
    order_id,
    status,
    dbt_valid_from as valid_from,
    dbt_valid_to as valid_to
from {{ ref('orders_snapshot') }}
where dbt_updated_at is not null
