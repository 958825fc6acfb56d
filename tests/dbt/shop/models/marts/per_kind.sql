select
    c.label,
    {% for kind in var('kinds') -%}
    sum(case when c.kind = '{{ kind }}' then o.amount else 0 end) as {{ kind }}_amount,
    {% endfor -%}
    count(*) as orders,
    coalesce(sum(l.quantity), 0) as quantity
from {{ ref('stg_orders') }} o
join {{ ref('customers') }} c on c.customer = o.customer
left join (select order_id, sum(quantity) as quantity from {{ ref('stg_lines') }} group by order_id) l
    on l.order_id = o.order_id
{{ group_by_first(1) }}
