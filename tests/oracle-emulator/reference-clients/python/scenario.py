"""python-oracledb, thin, as a reference client: what it can do with an Oracle server it must be able to do with the emulator.

    scenario.py ADDRESS [WALLET [WRONG_WALLET]]

Each step is reported as ok or FAILED on a line of its own; the exit code is the number of failures. The steps build on each
other in the order in which the modules are named here.
"""

import faulthandler
import sys
import time
import traceback

import oracledb

import referee
import logging_on, values, changes, transactions, definitions, questions  # noqa: E401, F401

# Nothing here takes long: a call that hangs is reported rather than waited for.
faulthandler.dump_traceback_later(60, exit=True)
oracledb.defaults.fetch_decimals = True
begin = time.time()
referee.connection = referee.connect()
failures = 0
for step in referee.steps:
    try:
        step()
        print("ok", step.__name__)
    except Exception:
        failures += 1
        print("FAILED", step.__name__)
        traceback.print_exc(file=sys.stdout)
        referee.connection.rollback()
took, count = time.time() - begin, len(referee.steps)
print(f"{count - failures} of {count} steps in {took:.1f} s with {referee.connection.version} on {referee.address}")
referee.connection.close()
sys.exit(failures)
