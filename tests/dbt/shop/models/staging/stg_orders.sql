{#- Statuses are written in several ways. -#}
with source as (
    select * from {{ source('loaded', 'wms_order') }}
)
select
    order_id,
    customer,
    {{ clean('status') }} as status,
    {{ dollars('amount_cents') }} as amount,
    updated_at
from source
where amount_cents >= {{ var('least_amount') }}
