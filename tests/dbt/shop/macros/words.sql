{% macro clean(column) -%}
    upper(trim({{ column }}))
{%- endmacro %}

{% macro dollars(column, digits=2) -%}
    round({{ column }} / 100.0, {{ digits }})
{%- endmacro %}

{% macro default__twice(column) %}{{ return('2 * ' ~ column) }}{% endmacro %}

{% macro group_by_first(count) -%}
    {{ dbt_utils_like_group(count) }}
{%- endmacro %}

{% macro dbt_utils_like_group(count) -%}
    group by {% for at in range(1, count + 1) %}{{ at }}{% if not loop.last %}, {% endif %}{% endfor %}
{%- endmacro %}
