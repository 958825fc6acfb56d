"""Scenarios of replication between two databases, and what is needed to play them with any tool.

table         the source's tables as plain Python rows, which are also what the target must hold in the end
values        when a value of the target is the value of the source
verdict       the target's rows beside the expected ones
trial         one scenario with one tool: its folder, its runs, its kills
scenarios     what happens in the source between the runs
report        verdicts as text, JSON and a table of Markdown
"""
