select * from {{ ref('asks_the_database') }}
