"""Reports to OpenMetadata how runs ended.

``reporter`` makes the passes, ``loop`` one after the other, woken by ``wake``. A pass observes (``observe``,
``memory``), ends what nobody else ends (``ends``), and then compares and writes run by run (``single``). Once a minute
it reads the CronJobs; what follows from these (``schedules``, ``ledger``) goes on beside later passes (``looking``).
``payload`` (what is written) and ``decide`` (whether anything is) are pure: no I/O, no waiting, no clock; so are
``situation`` and ``missed``.
"""

from k8s_pipeline_client.reporter.destination import Way
from k8s_pipeline_client.reporter.report import Action, PipelineReport, Report, RunReport
from k8s_pipeline_client.reporter.reporter import Reporter

__all__ = ["Action", "PipelineReport", "Report", "Reporter", "RunReport", "Way"]
