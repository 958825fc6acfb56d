// node-oracledb, thin: types, arrays, batch errors, values that come back, large objects, refusals, time limits.
//
//   NODE_PATH=… NODE_EXTRA_CA_CERTS=… node scenario.js ADDRESS
//
// The certificate of TCPS is checked against NODE_EXTRA_CA_CERTS: of a wallet, the client wants a private key, too.
"use strict";

const assert = require("node:assert");
const oracledb = require("oracledb");

const [address] = process.argv.slice(2);
const account = (user, password) => ({ user, password, connectString: address });
const AT = new Date("2026-01-31T12:34:56.789Z");

async function refused(code, call) {
  try {
    await call();
  } catch (error) {
    assert.ok(error.message.startsWith(code), `${error.message} rather than ${code}`);
    return;
  }
  assert.fail(`not refused, rather than ${code}`);
}

async function arrays(connection) {
  await connection.execute("BEGIN EXECUTE IMMEDIATE 'DROP TABLE node_item'; EXCEPTION WHEN OTHERS THEN NULL; END;");
  const table = "id NUMBER(10) PRIMARY KEY, name VARCHAR2(40), amount NUMBER(12,2), at TIMESTAMP(6) WITH TIME ZONE, note CLOB";
  await connection.execute(`CREATE TABLE node_item (${table})`);
  const insert = "INSERT INTO node_item (id, name, amount, at) VALUES (:1, :2, :3, :4)";
  const many = [...Array(500).keys()].map((id) => [id, `Käse ${id} €`, id / 4, id % 5 ? AT : null]);
  assert.equal((await connection.executeMany(insert, many)).rowsAffected, 500);
  const wrong = [[500, "a", 1, AT], [1, "twice", 1, AT], [501, "x".repeat(41), 1, AT]];
  const result = await connection.executeMany(insert, wrong, { batchErrors: true });
  assert.deepEqual(result.batchErrors.map((error) => [error.offset, error.message.slice(0, 9)]), [[1, "ORA-00001"], [2, "ORA-12899"]]);
  await connection.commit();
  const rows = (await connection.execute("SELECT id, name, amount, at FROM node_item WHERE id < 3 ORDER BY id")).rows;
  assert.deepEqual(rows, [[0, "Käse 0 €", 0, null], [1, "Käse 1 €", 0.25, AT], [2, "Käse 2 €", 0.5, AT]]);
}

async function streams(connection) {
  let count = 0;
  for await (const row of connection.queryStream("SELECT id FROM node_item", [], { fetchArraySize: 50 })) {
    count += row.length;
  }
  assert.equal(count, 501);
}

async function largeObjects(connection) {
  const text = "ä".repeat(40_000);
  await connection.execute("UPDATE node_item SET note = :1 WHERE id = 1", [{ val: text, type: oracledb.DB_TYPE_CLOB }]);
  const [[lob]] = (await connection.execute("SELECT note FROM node_item WHERE id = 1")).rows;
  assert.equal(await lob.getData(), text);
  await connection.rollback();
}

async function givenBack(connection) {
  const out = { type: oracledb.NUMBER, dir: oracledb.BIND_OUT };
  const sql = "UPDATE node_item SET amount = amount + 1 WHERE id = :id RETURNING amount INTO :amount";
  const result = await connection.execute(sql, { id: 2, amount: out });
  assert.deepEqual(result.outBinds.amount, [1.5]);
  await connection.rollback();
}

async function refusals(connection) {
  await refused("ORA-00942", () => connection.execute("SELECT * FROM nothing_here"));
  await refused("ORA-00001", () => connection.execute("INSERT INTO node_item (id) VALUES (1)"));
  await refused("ORA-01017", () => oracledb.getConnection(account("wms", "wrong")));
  connection.callTimeout = 300;
  await refused("NJS-123", () => connection.execute("BEGIN DBMS_SESSION.SLEEP(20); END;"));
  connection.callTimeout = 0;
  assert.deepEqual((await connection.execute("SELECT 1 FROM dual")).rows, [[1]]);
}

async function main() {
  const connection = await oracledb.getConnection(account("wms", "wms"));
  for (const step of [arrays, streams, largeObjects, givenBack, refusals]) {
    await step(connection);
  }
  const scn = (await connection.execute("SELECT TO_CHAR(current_scn) FROM v$database")).rows[0][0];
  await connection.execute("DELETE FROM node_item");
  const then = await connection.execute(`SELECT COUNT(*) FROM node_item AS OF SCN ${scn}`);
  assert.deepEqual(then.rows, [[501]]);
  await connection.rollback();
  await connection.close();
  console.log(`node-oracledb ${oracledb.versionString} passed on ${connection.oracleServerVersionString ?? address}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
