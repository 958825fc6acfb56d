{% set days = run_query('select distinct day from x') %}
select 1 as a
