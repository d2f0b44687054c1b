"""A STAND-IN for the ingestion program: it ingests nothing, it does what its document tells it to.

It keeps the stock image's contract (working directory /ingestion, `python main.py`, environment `config`,
`pipelineType`, `pipelineRunId`), so that launchers, statuses and failures can be tried in seconds.
The image carries this package as `standin`; the steps are described in tests/images/README.md.
"""
