{{ config(post_hook='analyze') }}
select order_id, {{ adapter.dispatch('twice')('amount') }} as double_amount from {{ ref('order_history') }}
