"""Reads receipts of wmshost by what docs/operate/receipts.md says: receipt.py RECEIPT [DATABASE]

Prints what is wrong and ends with 1. With a target's SQLite file, it hashes the tables too and names the ranges that have
changed since, for proofs about a whole table whose key is whole numbers and text.
"""
import bisect, glob, hashlib, json, os, sqlite3, struct, sys
from datetime import datetime, timedelta
from decimal import Decimal

WORD, PAIR = 2**64 - 1, 2**128 - 1
SEED, NULL, FACTOR = 0x77696D73686F7374, 0x6E756C6C6E756C6C, 0x9E3779B97F4A7C15F39CC0605CEDC835
DAY_0 = datetime(1970, 1, 1)

def rotated(word, by):
    return (word << by | word >> (64 - by)) & WORD

def mix(state, word):
    product = (state ^ word) * FACTOR & PAIR
    return product >> 64 ^ rotated(product & WORD, 23) ^ rotated(state, 7)

def of_bytes(value):
    state = mix(SEED, len(value))
    for at in range(0, len(value), 8):
        state = mix(state, int.from_bytes(value[at:at + 8], "little"))
    return state

def of_value(value, kind):
    if value is None:
        return NULL
    if kind.startswith("decimal"):
        scale = int(kind.rstrip(")").split(", ")[1])
        number = round(Decimal(str(value)).scaleb(scale))
        while scale > 0 and number % 10 == 0:
            number, scale = number // 10, scale - 1
        return mix(mix(number & WORD, number >> 64 & WORD), scale)
    if kind.startswith("timestamp"):
        return (datetime.fromisoformat(value.rstrip("Z")) - DAY_0) // timedelta(microseconds=1) & WORD
    if kind == "date":
        return (datetime.fromisoformat(value) - DAY_0).days & WORD
    if kind == "float64":
        return struct.unpack("<Q", struct.pack("<d", value))[0]
    return value & WORD if isinstance(value, int) else of_bytes(value.encode() if kind == "utf8" else value)

def root(ranges, side):
    lines = [f"{it['from'] or '-'} {it[side]['rows']} {it[side]['sum']}\n" for it in ranges]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return {"rows": sum(it[side]["rows"] for it in ranges), "root": digest}

def sums(database, table, proof):
    columns = [row[1] for row in database.execute("SELECT * FROM pragma_table_info(?)", [table])]
    names = ", ".join(f'"{column["name"]}"' for column in proof["columns"])
    alive = " WHERE wms_deleted_at IS NULL" if "wms_deleted_at" in columns else ""
    places = [[column["name"] for column in proof["columns"]].index(name) for name in proof["key"]]
    starts = [tuple(json.loads(it["from"])[name] for name in proof["key"]) for it in proof["ranges"] if it["from"]]
    found = [[0, 0] for _ in proof["ranges"]]
    for row in database.execute(f'SELECT {names} FROM "{table}"{alive}'):
        state = SEED
        for value, column in zip(row, proof["columns"]):
            state = mix(state, of_value(value, column["type"]))
        at = bisect.bisect_right(starts, tuple(row[place] for place in places))
        found[at] = [found[at][0] + 1, found[at][1] + state & WORD]
    return [{"rows": rows, "sum": f"{total:016x}"} for rows, total in found]

def faults(file, database):
    receipt = json.load(open(file))
    for other in glob.glob(os.path.join(os.path.dirname(file), f"{receipt['sequence'] - 1:06}-*.json")):
        if hashlib.sha256(open(other, "rb").read()).hexdigest() != receipt["previous"]:
            yield "it does not follow the receipt before it"
    for stream in receipt["streams"]:
        proof, name = stream["proof"], stream["stream"]
        if proof is None:
            continue
        ranges = proof["ranges"]
        for side in ("source", "target"):
            if proof[side] != root(ranges, side):
                yield f"{name}: the root of the {side} is not that of its ranges"
        if proof["equal"] != all(it["source"] == it["target"] for it in ranges):
            yield f"{name}: it says that both sides are equal, or not, against its own ranges"
        for it in ranges:
            if it["source"] != it["target"]:
                yield f"{name}: the target differed from {it['from']} on"
        if database and proof["scope"] == "whole" and not proof["as_oracle"]:
            for it, now in zip(ranges, sums(database, stream["target"]["table"], proof)):
                if it["target"] != now:
                    yield f"{name}: the table is another from {it['from']} on"

if __name__ == "__main__":
    found = list(faults(sys.argv[1], sqlite3.connect(sys.argv[2]) if len(sys.argv) > 2 else None))
    print("\n".join(found))
    sys.exit(bool(found))
