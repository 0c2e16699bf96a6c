"""The Cumulus scenarios: granules arriving by schedule and by Kinesis, their workflows, the API.

Every function logs under its bare name, as a CloudWatch export per log group gives it: JSON lines of
the functions and the Lambda runtime's own. AlarmNotifier is the lambda that CloudWatch alarms reach
through SNS; it logs the alarm as it came.
"""
import json
import math

from scenario_kit import Scene, at, iso

FAULT = 450.0
ARN = 'arn:aws:states:us-east-1:123456789012'
TASKS = ['SyncGranule', 'PostToCmr']


class Ingest:
    def __init__(self, name, only):
        self.s = Scene('cumulus', name, only)
        self.rng = self.s.rng
        self.broken = {}  # kind -> (from when, how(t) -> whether it handled the event)

    def breaks(self, kind, how, delay=0.0):
        self.broken[kind] = (FAULT + delay, how)

    def fails(self, kind, t, *args):
        since, how = self.broken.get(kind, (math.inf, None))
        return t >= since and how(t, *args) is not False

    def granule(self):
        return f'MOD09GQ.A2026{self.rng.randint(10, 73):03d}.h{self.rng.randint(0, 35):02d}v{self.rng.randint(0, 17):02d}.006'

    # --- one workflow: schedule or Kinesis, queue, start, tasks, records --------------------------
    def workflow(self, t, kinesis):
        s, rng = self.s, self.rng
        granule, execution = self.granule(), s.uuid()
        if kinesis:
            if self.fails('kinesis', t, granule):
                return
            s.lambda_run('messageConsumer', t, rng.uniform(.08, .3))
            s.cumulus('messageConsumer', t + .05, 'info', 'processRecord: queued message for rule MOD09GQ_006_kinesis')
        else:
            if self.fails('schedule', t, granule):
                return
            s.lambda_run('ScheduleSF', t, rng.uniform(.08, .3))
            s.cumulus('ScheduleSF', t + .05, 'info', 'queued workflow IngestGranule for rule MOD09GQ_006_daily')
        start = t + rng.uniform(1, 3)
        if self.fails('start', start, granule):
            return
        s.lambda_run('sqs2sf', start, rng.uniform(.1, .4))
        s.cumulus('sqs2sf', start + .06, 'info', f'Started execution {ARN}:execution:cumulus-prod-IngestGranule:{execution}')
        self.states(start + .2, 1, 'ExecutionStarted', execution, {'input': '{}'})
        step = start + .4
        for n, task in enumerate(TASKS):
            if self.fails(task, step, granule, execution):
                return
            took = rng.uniform(.6, 2.4)
            s.cumulus(task, step + took * .7, 'info', {
                'SyncGranule': f'retrieved https://data.example.org/{granule}.hdf, 41.3 MB, checksum ok',
                'PostToCmr': f'published {granule} to CMR: concept G{rng.randint(10 ** 9, 2 * 10 ** 9)}-LPCLOUD'}[task],
                execution, [granule])
            self.states(step + took, 4 + 3 * n, 'LambdaFunctionSucceeded', execution, {'output': '{}'})
            step += took + .1
        self.states(step, 14, 'ExecutionSucceeded', execution, {'output': '{}'})
        if not self.fails('index', step, granule):
            s.cumulus('dbIndexer', step + .8, 'info', f'granule {granule} updated to status completed')

    def states(self, t, number, kind, execution, details):
        # Exported from CloudWatch: the time of the event, then the event.
        self.s.add('StepFunctions.log', t, iso(t) + ' ' + json.dumps({
            'id': str(number), 'type': kind, 'details': details, 'previous_event_id': str(number - 1),
            'event_timestamp': str(int(at(t).timestamp() * 1000)),
            'execution_arn': f'{ARN}:execution:cumulus-prod-IngestGranule:{execution}'}, separators=(',', ':')))

    def alarm(self, t, name, reason, value='ALARM'):
        self.s.cumulus('AlarmNotifier', t, 'info', json.dumps({
            'AlarmName': name, 'NewStateValue': value, 'NewStateReason': f'Threshold Crossed: {reason}',
            'StateChangeTime': iso(t)}, separators=(',', ':')))

    def lambda_errors(self, function, first=40):
        for n in range(3):
            when = FAULT + first + 60 * n
            self.alarm(when, f'cumulus-prod-{function}-Errors',
                       f'1 datapoint [{self.rng.randint(5, 19)}.0] was greater than the threshold (3.0).')

    def background(self, period=13.0):
        s, rng = self.s, self.rng
        for t in s.every(period):
            self.workflow(t, kinesis=rng.random() < .4)
        for t in s.every(8):
            path = rng.choice(['granules?limit=50&sort_by=status', 'executions?limit=20', 'collections', 'stats', 'rules'])
            if not self.fails('api', t, path):
                s.cumulus('ApiEndpoints', t, 'info', f'GET /{path} 200')
        for t in s.every(260):
            s.cumulus('ApiEndpoints', t, 'warn', 'token expires in 5 minutes, client should refresh')
        for t in s.every(200):
            s.cumulus('SyncGranule', t, 'warn', 'provider MODAPS answered slowly, 4.1 s')
        for t in s.every(120, 0, FAULT):
            self.alarm(t, 'cumulus-prod-startSF-backlog', 'no datapoints were received', 'OK')
        for t in s.every(40):
            s.elastic(t, 'INFO', 'o.e.c.m.MetadataMappingService', '[cumulus-prod-2026-3-1/kqv2T] update_mapping [_doc]')

    def done(self, **pace):
        self.background(**pace)
        return self.s


def workflow_error():
    w = Ingest('workflow-error', {'ScheduleSF', 'sqs2sf', 'StepFunctions', 'SyncGranule', 'PostToCmr', 'dbIndexer', 'ApiEndpoints'})
    s = w.s
    reason = ('RemoteResourceError', 'https://data.example.org: 403 Forbidden')

    def fails(t, granule, execution):
        s.lambda_run('SyncGranule', t, 1.4, failed=reason)
        s.cumulus('SyncGranule', t + 1.42, 'error', 'task output: ' + json.dumps(
            {'cumulus_meta': {'execution_name': execution}, 'exception': {'Error': reason[0], 'Cause': json.dumps({'errorMessage': reason[1]})}},
            separators=(',', ':')), execution, [granule])
        w.states(t + 1.5, 7, 'LambdaFunctionFailed', execution, {'cause': reason[1], 'error': reason[0]})
        w.states(t + 1.6, 8, 'ExecutionFailed', execution, {'cause': reason[1], 'error': reason[0]})
        s.cumulus('dbIndexer', t + 2.4, 'info', f'granule {granule} updated to status failed')
    w.breaks('SyncGranule', fails)
    return w.done(period=9.0)


def workflow_did_not_start():
    w = Ingest('workflow-did-not-start', {'ScheduleSF', 'messageConsumer', 'sqs2sf', 'StepFunctions', 'SyncGranule', 'ApiEndpoints', 'AlarmNotifier'})
    s = w.s

    def fails(t, granule):
        s.lambda_run('sqs2sf', t, .3, failed=(
            'StateMachineDoesNotExist', f"State Machine Does Not Exist: '{ARN}:stateMachine:cumulus-prod-IngestGranule'"))
    w.breaks('start', fails)
    w.lambda_errors('sqs2sf')
    for n in range(3):
        w.alarm(FAULT + 52 + 60 * n, 'cumulus-prod-startSF-backlog', f'1 datapoint [{112 + 40 * n}.0] was greater than the threshold (100.0).')
    for n, t in enumerate(s.every(25, FAULT + 45)):
        s.cumulus('ApiEndpoints', t, 'warn', f'workflow IngestGranule of rule MOD09GQ_006_daily has been queued for {45 + 25 * n} s without an execution')
    return w.done(period=10.0)


def schedule_sf_failed():
    w = Ingest('rule-names-missing-collection', {'ScheduleSF', 'messageConsumer', 'sqs2sf', 'StepFunctions', 'SyncGranule', 'ApiEndpoints'})
    s = w.s

    def fails(t, granule):
        if w.rng.random() < .25:
            return False  # other rules
        s.cumulus('ScheduleSF', t + .05, 'error', 'RecordDoesNotExist: No record found for {"name":"MOD09GQ","version":"061"}')
    for t in s.every(12, FAULT + 2):  # records of the old version find no rule any more
        s.cumulus('messageConsumer', t, 'warn', 'No rules found for {"name":"MOD09GQ","version":"006"}, record is ignored')
    s.cumulus('ApiEndpoints', FAULT - 4, 'info', 'PUT /rules/MOD09GQ_006_daily 200')
    w.breaks('schedule', fails)
    return w.done(period=9.0)


def kinesis_dead_letter():
    w = Ingest('kinesis-dead-letter', {'ScheduleSF', 'messageConsumer', 'KinesisFallback', 'sqs2sf', 'StepFunctions', 'SyncGranule', 'ApiEndpoints', 'AlarmNotifier'})
    s, rng = w.s, w.rng

    def fails(t, granule):
        request = s.lambda_run('messageConsumer', t, .25)
        s.cumulus('messageConsumer', t + .05, 'error', 'Caught error in processRecord:')
        s.cumulus('messageConsumer', t + .051, 'error', "ValidationError: data should have required property 'collection'")
        s.cumulus('messageConsumer', t + .06, 'info', 'publishing bad kinesis record to Topic:arn:aws:sns:us-east-1:123456789012:cumulus-prod-kinesisFallback')
        s.cumulus('messageConsumer', t + .061, 'info', 'record:' + json.dumps({'eventID': 'shardId-000000000000:' + s.hex(8), 'requestId': request}))
        for attempt in range(3):  # SNS retries the fallback consumer
            again = t + 1.2 + 19 * attempt + rng.uniform(0, 2)
            s.lambda_run('KinesisFallback', again, .2, failed=('ValidationError', "data should have required property 'collection'"))
            s.cumulus('KinesisFallback', again + .05, 'error', 'Caught error in processRecord:')
    w.breaks('kinesis', fails)
    for t in s.every(30, 0, FAULT):
        s.cumulus('KinesisFallback', t, 'info', 'no records to process')
    for n in range(3):
        w.alarm(FAULT + 50 + 60 * n, 'cumulus-prod-KinesisFailure-messages', f'1 datapoint [{3 + 5 * n}.0] was greater than the threshold (0.0).')
    return w.done(period=7.0)


def elasticsearch_mapping():
    w = Ingest('elasticsearch-mapping', {'ScheduleSF', 'sqs2sf', 'StepFunctions', 'SyncGranule', 'dbIndexer', 'ApiEndpoints', 'elasticsearch'})
    s, rng = w.s, w.rng
    s.cumulus('ApiEndpoints', FAULT - 12, 'info', 'deployed version 1.10.3, updating mappings of cumulus-prod-2026-3-1')
    s.elastic(FAULT - 9, 'WARN', 'o.e.c.m.MetadataMappingService',
              '[cumulus-prod-2026-3-1/kqv2T] mapping update rejected: mapper [productVolume] cannot be changed from type [float] to [integer]')

    def unindexed(t, granule):
        s.cumulus('dbIndexer', t + .8, 'error', 'ResponseError: mapper_parsing_exception: failed to parse field [productVolume] of type [integer] '
                                                f"in document with id '{granule}'")
    w.breaks('index', unindexed)

    def unlisted(t, path):
        if 'granules' not in path:
            return False
        s.cumulus('ApiEndpoints', t, 'error', 'ResponseError: search_phase_execution_exception: [illegal_argument_exception] Reason: Fielddata is '
                                              'disabled on text fields by default. Set fielddata=true on [status]')
        s.cumulus('ApiEndpoints', t + .02, 'error', f'GET /{path} 500')
    w.breaks('api', unlisted, 3)
    for t in s.every(11, FAULT + 4):
        unlisted(t, 'granules?limit=50&sort_by=status')
    return w.done(period=9.0)


def backup_restore():
    w = Ingest('backup-restore', {'ScheduleSF', 'sqs2sf', 'StepFunctions', 'SyncGranule', 'dbIndexer', 'ApiEndpoints', 'cumulus-backup', 'AlarmNotifier'})
    s = w.s
    tables = ['RulesTable', 'CollectionsTable', 'ProvidersTable', 'GranulesTable', 'ExecutionsTable', 'PdrsTable', 'AsyncOperationsTable', 'ReconciliationReportsTable']
    for n, t in enumerate(s.every(60, 0, FAULT - 10)):
        s.cumulus('cumulus-backup', t, 'info', f'backup of table cumulus-dev-{tables[n % len(tables)]} complete: {s.rng.randint(20, 900)} records')
    for n, table in enumerate(tables):
        s.cumulus('cumulus-backup', FAULT + 4 * n, 'error',
                  f'ContinuousBackupsUnavailableException: Backups are not enabled for the table: cumulus-prod-{table}')
    s.cumulus('cumulus-backup', FAULT + 33, 'error', 'Backup job cumulus-prod-nightly aborted: 8 of 8 tables failed')
    for n, t in enumerate(s.every(40, FAULT + 60)):
        s.cumulus('cumulus-backup', t, 'error', f'Restore of cumulus-stage-{tables[n % len(tables)]} failed: PointInTimeRecoveryUnavailableException: '
                                                f'Point in time recovery is not enabled for table cumulus-prod-{tables[n % len(tables)]}')
    for n in range(3):
        w.alarm(FAULT + 45 + 60 * n, 'cumulus-prod-cumulusBackup-Errors', f'1 datapoint [{1 + n}.0] was greater than the threshold (0.0).')
        w.alarm(FAULT + 48 + 60 * n, 'cumulus-prod-backup-age', 'no backup in the last 24 hours')
    for t in s.every(35, FAULT + 50):
        s.cumulus('ApiEndpoints', t, 'warn', 'last backup of cumulus-prod-GranulesTable is 31 hours old')
    return w.done()


def data_lost():
    w = Ingest('data-lost', {'ScheduleSF', 'sqs2sf', 'StepFunctions', 'SyncGranule', 'dbIndexer', 'ApiEndpoints', 'AlarmNotifier'})
    s = w.s
    missing = 'ResourceNotFoundException: Requested resource not found: Table: cumulus-prod-GranulesTable not found'

    def unlisted(t, path):
        if 'granules' not in path:
            return False
        s.cumulus('ApiEndpoints', t, 'error', missing)
        s.cumulus('ApiEndpoints', t + .02, 'error', f'GET /{path} 500')
    w.breaks('api', unlisted, 1)
    for t in s.every(9, FAULT):
        unlisted(t, 'granules?limit=50&sort_by=status')
    w.breaks('index', lambda t, granule: s.cumulus('dbIndexer', t + .8, 'error', missing))
    return w.done(period=9.0)


def incident(root, mode, explains, spares, impact, step):
    return dict(root=root, failure_mode='cumulus/' + mode, confidence=['CONFIRMED', 'LIKELY'],
                explains=[dict(signature='cumulus/' + s, at=a) for s, a in explains],
                spares=['cumulus/' + s for s in spares], impact=impact, first_step=step)


RULE = 'First check your rule configuration'
SCENARIOS = {
    'workflow-error': ('A task of a workflow fails with its exception field populated', workflow_error, [incident(
        'workflow-task', 'workflow-error',
        [('workflow-exception', 'workflow-task'), ('task-error', 'workflow-task'), ('execution-failed', 'step-functions')],
        ['sf-starter-failed', 'schedule-sf-failed'], 'granules are not ingested', 'visual representation')], {'skew_host': 'step-functions'}),
    'workflow-did-not-start': ('The SF starter names a state machine that is gone: workflows queue up', workflow_did_not_start, [incident(
        'sf-starter', 'sf-starter-failed',
        [('sf-starter-failed', 'sf-starter'), ('start-queue-backlog', 'alarm-notifier')],
        ['execution-failed', 'workflow-exception'], 'queued but do not start', RULE)], {'skew_host': 'cumulus-api'}),
    'rule-names-missing-collection': ('A rule was changed to a collection version that does not exist', schedule_sf_failed, [incident(
        'rule', 'rule-misconfigured', [('rule-record-missing', 'schedule-sf'), ('rule-record-missing', 'kinesis-consumer')],
        ['sf-starter-failed', 'execution-failed'], 'The workflow of this rule does not start', RULE)], {'skew_host': 'schedule-sf'}),
    'kinesis-dead-letter': ('Kinesis records fail in the consumer, then in the fallback, and end on the dead letter queue', kinesis_dead_letter, [incident(
        'kinesis-consumer', 'kinesis-consumer-error',
        [('kinesis-record-error', 'kinesis-consumer'), ('kinesis-to-fallback', 'kinesis-consumer'),
         ('kinesis-record-error', 'fallback-consumer'), ('dead-letter', 'dead-letter-queue')],
        ['sf-starter-failed', 'execution-failed'], 'placed on the dead letter queue', RULE)], {'skew_host': 'fallback-consumer'}),
    'elasticsearch-mapping': ('A mapping update is rejected: records are not indexed, lists fail', elasticsearch_mapping, [incident(
        'elasticsearch', 'es-index-broken',
        [('es-mapping-error', 'db-indexer'), ('es-query-mapping-error', 'cumulus-api'), ('api-request-failed', 'cumulus-api')],
        ['execution-failed', 'sf-starter-failed'], 'the data, are safe', 'If new mappings were added')], {'skew_host': 'db-indexer'}),
    'backup-restore': ('Backups were never enabled in production; the nightly job and a restore drill fail', backup_restore, [incident(
        'cumulus-backup', 'backup-failed',
        [('backup-failed', 'cumulus-backup'), ('restore-failed', 'cumulus-backup'), ('backup-missing-alarm', 'alarm-notifier')],
        ['execution-failed', 'api-request-failed'], 'no recent backup', 'not enabled by default')], {'skew_host': 'cumulus-api'}),
    'data-lost': ('A DynamoDB table is gone and must be restored', data_lost, [incident(
        'dynamodb', 'data-lost',
        [('table-missing', 'cumulus-api'), ('table-missing', 'db-indexer'), ('api-request-failed', 'cumulus-api')],
        [], 'not available until it is restored', 'not enabled by default')], {'skew_host': 'db-indexer'}),
}
