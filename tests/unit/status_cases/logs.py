"""Ends of logs, and what they tell: what the drivers and OpenMetadata's ingestion say, word by word."""

from __future__ import annotations

from typing import NamedTuple

STAMP = "[2025-06-01 12:00:41] ERROR    {metadata.Ingestion:topology_runner:170} - "
TRACE = 'Traceback (most recent call last):\n  File "/ingestion/main.py", line 10, in main\n'


class Log(NamedTuple):
    name: str
    log: str
    code: str
    summary: str
    """A part of the summary."""


LOGS = (
    Log(
        "PostgreSQL, wrong password",
        f'{STAMP}CheckAccess-(psycopg2.OperationalError) connection to server at "10.213.23.120", port 5432 failed: '
        'FATAL:  password authentication failed for user "om_reader"\n',
        "SourceRefused",
        'login: connection to server at "10.213.23.120", port 5432 failed: FATAL: password authentication failed',
    ),
    Log(
        "PostgreSQL, no such database",
        f'{TRACE}psycopg2.OperationalError: connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  '
        'database "shop" does not exist\n',
        "SourceRefused",
        'database "shop" does not exist',
    ),
    Log(
        "PostgreSQL, down",
        f'{TRACE}psycopg2.OperationalError: connection to server at "10.0.0.1", port 5432 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?\n",
        "SourceUnreachable",
        'source: connection to server at "10.0.0.1", port 5432 failed: Connection refused',
    ),
    Log(
        "PostgreSQL, unknown host",
        f'{STAMP}CheckAccess-(psycopg2.OperationalError) could not translate host name "nowhere" to address: Name or '
        "service not known\n",
        "SourceUnreachable",
        'could not translate host name "nowhere" to address: Name or service not known',
    ),
    Log(
        "MySQL, wrong password",
        f"{STAMP}CheckAccess-(pymysql.err.OperationalError) (1045, \"Access denied for user 'om'@'10.1.2.3' (using "
        'password: YES)")\n',
        "SourceRefused",
        "Access denied for user 'om'@'10.1.2.3'",
    ),
    Log(
        "MySQL, down",
        f"{TRACE}sqlalchemy.exc.OperationalError: (pymysql.err.OperationalError) (2003, \"Can't connect to MySQL "
        "server on 'db' ([Errno 111] Connection refused)\")\n(Background on this error at: https://sqlalche.me/e/14/e3q8)\n",
        "SourceUnreachable",
        "Can't connect to MySQL server on 'db' ([Errno 111] Connection refused",
    ),
    Log(
        "SQL Server, wrong password",
        f"{STAMP}CheckAccess-(pyodbc.InterfaceError) ('28000', \"[28000] [Microsoft][ODBC Driver 18 for SQL Server]"
        "[SQL Server]Login failed for user 'sa'. (18456) (SQLDriverConnect)\")\n",
        "SourceRefused",
        "Login failed for user 'sa'",
    ),
    Log(
        "SQL Server, down",
        f"{STAMP}CheckAccess-(pyodbc.OperationalError) ('HYT00', '[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]"
        "Login timeout expired (0) (SQLDriverConnect)')\n",
        "SourceUnreachable",
        "Login timeout expired",
    ),
    Log(
        "Oracle, wrong password",
        f"{TRACE}oracledb.exceptions.DatabaseError: ORA-01017: invalid credential or not authorized; logon denied\n",
        "SourceRefused",
        "ORA-01017: invalid credential or not authorized",
    ),
    Log(
        "Oracle, down",
        f"{TRACE}oracledb.exceptions.OperationalError: DPY-6005: cannot connect to database (CONNECTION_ID=abc).\n",
        "SourceUnreachable",
        "DPY-6005: cannot connect to database",
    ),
    Log(
        "Snowflake, wrong password",
        f"{STAMP}CheckAccess-(snowflake.connector.errors.DatabaseError) 250001 (08001): None: Failed to connect to DB: "
        "x.snowflakecomputing.com:443. Incorrect username or password was specified.\n",
        "SourceRefused",
        "Incorrect username or password was specified",
    ),
    Log(
        "MongoDB, down",
        f"{TRACE}pymongo.errors.ServerSelectionTimeoutError: mongo:27017: [Errno -2] Name or service not known\n",
        "SourceUnreachable",
        "mongo:27017: [Errno -2] Name or service not known",
    ),
    Log(
        "ClickHouse, wrong password",
        f"{TRACE}clickhouse_connect.driver.exceptions.DatabaseError: Code: 516. DB::Exception: om: Authentication "
        "failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)\n",
        "SourceRefused",
        "Authentication failed: password is incorrect",
    ),
    Log(
        "a dashboard, wrong token",
        f"{TRACE}requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://bi.example/api/v1/security/"
        "login\n",
        "SourceRefused",
        "401 Client Error: Unauthorized for url: https://bi.example",
    ),
    Log(
        "OpenMetadata, token expired",
        f"{TRACE}metadata.ingestion.ometa.client.APIError: Expired token!\n",
        "TokenRejected",
        "Expired token!",
    ),
    Log(
        "OpenMetadata, token of another server",
        f"{TRACE}metadata.ingestion.ometa.client.APIError: Not Authorized! Invalid Token due to com.auth0.jwk."
        "SigningKeyNotFoundException: No key found with kid\n",
        "TokenRejected",
        "Not Authorized! Invalid Token due to",
    ),
    Log(
        "OpenMetadata, token renewed",
        f"{TRACE}metadata.ingestion.ometa.client.APIError: Not Authorized! The token does not match the current bot's "
        "token\n",
        "TokenRejected",
        "does not match the current bot's token",
    ),
    Log(
        "OpenMetadata, 401 without words",
        f"{TRACE}requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: http://om:8585/api/v1/system/"
        "version\n",
        "TokenRejected",
        "rejected the run's token",
    ),
    Log(
        "OpenMetadata, down",
        f"{TRACE}requests.exceptions.ConnectionError: HTTPConnectionPool(host='om', port=8585): Max retries exceeded "
        "with url: /api/v1/system/version (Caused by NewConnectionError(': Failed to establish a new connection: "
        "[Errno 111] Connection refused'))\n",
        "ServerUnreachable",
        "OpenMetadata server: HTTPConnectionPool(host='om', port=8585)",
    ),
    Log(
        "OpenMetadata, down, as newer ingestions say it",
        f"{TRACE}metadata.ingestion.ometa.client.RestTransportError: Transport failure on GET "
        "http://om:8585/api/v1/system/version: [Errno -2] Name or service not known\n",
        "ServerUnreachable",
        "Transport failure on GET http://om:8585/api/v1/system/version: [Errno -2] Name or service not known",
    ),
    Log(
        "OpenMetadata, 503",
        f"{TRACE}requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: http://om:8585/api/v1/"
        "system/version\n",
        "ServerUnreachable",
        "503 Server Error: Service Unavailable",
    ),
    Log(
        "another version",
        f"{TRACE}metadata.ingestion.ometa.mixins.server_mixin.VersionMismatchException: Server version is 1.12.6 vs. "
        "Client version 1.5.0. Major and minor versions should match.\n",
        "VersionMismatch",
        "The ingestion image has version 1.5.0, and the OpenMetadata server version 1.12.6",
    ),
    Log(
        "something else",
        f"{TRACE}KeyError: 'service'\n",
        "ExitCode",
        "The ingestion exited with code 1",
    ),
    Log(
        "something else, after a connection that came about in the end",
        "[2025-06-01 12:00:01] WARNING  {metadata.Utils:a:1} - Connection refused, trying again\n"
        f"[2025-06-01 12:00:41] INFO     {{metadata.Utils:a:1}} - connected\n{TRACE}KeyError: 'service'\n",
        "ExitCode",
        "The ingestion exited with code 1",
    ),
)
