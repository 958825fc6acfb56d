select
    {{ claen('status') }} as status
from {{ ref('stg_orders') }}
