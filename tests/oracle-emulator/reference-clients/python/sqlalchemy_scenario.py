"""SQLAlchemy: tables made, filled and read by its own SQL, and everything that it asks of the catalogue."""

import sys

import sqlalchemy as sa

host, service = sys.argv[1].split("/")
engine = sa.create_engine(f"oracle+oracledb://wms:wms@{host}/?service_name={service}")
metadata = sa.MetaData()
parent = sa.Table(
    "sa_parent",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(30), nullable=False, comment="the name"),
    sa.UniqueConstraint("name", name="uq_sa_parent"),
)
child = sa.Table(
    "sa_child",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("parent", sa.ForeignKey("sa_parent.id", name="fk_sa_child")),
    sa.Column("amount", sa.Numeric(12, 2)),
    sa.CheckConstraint("amount >= 0", name="ck_sa_child"),
    sa.Index("ix_sa_amount", "amount"),
)
metadata.drop_all(engine)
metadata.create_all(engine)
with engine.begin() as connection:
    connection.execute(parent.insert(), [{"id": 1, "name": "Käse"}, {"id": 2, "name": "b"}])
    connection.execute(child.insert().values(parent=1, amount=1.5))
    joined = sa.select(parent.c.name, child.c.amount).join(child).order_by(parent.c.id)
    assert connection.execute(joined).all() == [("Käse", 1.5)]
    assert connection.execute(sa.select(parent.c.id).order_by(parent.c.id).limit(1).offset(1)).all() == [(2,)]
    try:
        with connection.begin_nested():
            connection.execute(parent.insert(), [{"id": 1, "name": "again"}])
        raise AssertionError("not refused")
    except sa.exc.IntegrityError as error:
        assert "ORA-00001" in str(error), error

inspector = sa.inspect(engine)
assert {"sa_parent", "sa_child"} <= set(inspector.get_table_names())
assert inspector.has_table("sa_child") and not inspector.has_table("sa_nothing")
columns = {column["name"]: column for column in inspector.get_columns("sa_child")}
assert list(columns) == ["id", "parent", "amount"] and columns["id"]["identity"] is not None, columns
assert (columns["amount"]["type"].precision, columns["amount"]["type"].scale) == (12, 2), columns
assert inspector.get_pk_constraint("sa_child")["constrained_columns"] == ["id"]
foreign = inspector.get_foreign_keys("sa_child")
assert [(key["constrained_columns"], key["referred_table"]) for key in foreign] == [(["parent"], "sa_parent")], foreign
assert "ix_sa_amount" in [index["name"] for index in inspector.get_indexes("sa_child")]
assert [unique["column_names"] for unique in inspector.get_unique_constraints("sa_parent")] == [["name"]]
assert "ck_sa_child" in [check["name"] for check in inspector.get_check_constraints("sa_child")]
assert "wms" in inspector.get_schema_names()
for asked in ("get_view_names", "get_sequence_names", "get_materialized_view_names", "get_temp_table_names"):
    getattr(inspector, asked)()
reflected = sa.MetaData()
reflected.reflect(engine, only=["sa_child", "sa_parent"])
assert sorted(reflected.tables) == ["sa_child", "sa_parent"]
reflected.drop_all(engine)
print(f"SQLAlchemy {sa.__version__} passed on {sys.argv[1]}")
