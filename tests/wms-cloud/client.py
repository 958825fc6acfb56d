"""An independent client of the mock: reads it by requests, and compares what it read with the truth.

Arguments: base address with the environment, token address, control address, user, password, client, secret, scope.
"""
import sys
from datetime import datetime, timezone
from decimal import Decimal

import requests

BASE, TOKEN, CONTROL, USER, PASSWORD, CLIENT, SECRET, SCOPE = sys.argv[1:]
ENTITIES = f"{BASE}/wms/lgfapi/v10/entity"


def pages(session, address, **parameters):
    """All rows of a list, by its links."""
    rows = []
    while address:
        answer = session.get(address, params=parameters or None, timeout=30)
        if answer.status_code == 404 and not rows:
            return rows
        answer.raise_for_status()
        document = answer.json()
        rows += document["results"]
        address, parameters = document["next_page"], {}
    return rows


def canonical(value, kind):
    """A value as the truth has it."""
    if value is None:
        return None
    if kind == "relation":
        return str(value["id"])
    if kind == "list":
        return str(value["result_count"])
    if kind == "number":
        text = format(Decimal(value).normalize(), "f")
        return "0" if text == "-0" else text
    if kind == "datetime":
        moment = datetime.fromisoformat(value).astimezone(timezone.utc)
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    if kind == "boolean":
        return str(int(value))
    return str(value)


def main():
    session = requests.Session()
    session.auth = (USER, PASSWORD)
    entities = session.get(f"{ENTITIES}/", timeout=30).json()
    for entity, address in entities.items():
        truth = requests.get(f"{CONTROL}/truth/{entity}", timeout=30).json()
        if entity == "inventory_history":
            assert session.get(address, timeout=30).status_code == 400
            continue
        fields = session.get(f"{address}describe/", timeout=30).json()["fields"]
        kinds = {name: field.get("type") for name, field in fields.items()}
        for mode in ("paged", "sequenced"):
            rows = pages(session, address, page_size=200, ordering="id" if "id" in kinds else "", page_mode=mode)
            found = [{name: canonical(value, kinds[name]) for name, value in row.items()} for row in rows]
            assert found == truth, f"{entity}, {mode}: {len(found)} rows, {len(truth)} in truth"
    # A window in time, and a walk by ids within it, with a token.
    token = requests.post(TOKEN, auth=(requests.utils.quote(CLIENT, ""), requests.utils.quote(SECRET, "")),
                          data={"grant_type": "client_credentials", "scope": SCOPE}, timeout=30).json()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    truth = requests.get(f"{CONTROL}/truth/allocation", timeout=30).json()
    low, high = "2026-05-01T00:00:00Z", "2026-06-01T00:00:00+00:00"
    wanted = [row["id"] for row in truth if "2026-05-01" <= row["mod_ts"] < "2026-06-01"]
    found, last = [], 0
    while True:
        window = {"mod_ts__gte": low, "mod_ts__lt": high, "id__gt": last, "ordering": "id", "page_size": 20,
                  "empty_response_http_code": 204}
        answer = session.get(f"{ENTITIES}/allocation/", params=window, timeout=30)
        if answer.status_code == 204:
            break
        found += [str(row["id"]) for row in answer.json()["results"]]
        last = found[-1]
    assert found == wanted and wanted, f"{len(found)} rows in the window, {len(wanted)} in truth"
    print(f"{len(entities)} entities equal, {len(found)} rows in the window")


main()
