"""The PlaceOS scenarios: one building's traffic, and what each failure changes of it.

Traffic is played by users who log in, list systems, open a system's modules and execute functions,
over REST and WebSocket, through the load balancer. A fault says what fails from when on; what it
spares keeps working because nothing here touches it.
"""
from scenario_kit import END, Scene

FAULT = 540.0
SYSTEMS = ['sys-EbYJnZQ4', 'sys-FxQ1b7Lm', 'sys-Gk20sPzT', 'sys-HvD8cRrW']
MODULES = [('Display', 'mod-Dp11', 'power'), ('Lighting', 'mod-Lt42', 'set_scene'),
           ('Mixer', 'mod-Mx07', 'mute'), ('Bookings', 'mod-Bk90', 'poll_events'),
           ('Camera', 'mod-Cm35', 'recall')]
AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0'
SITE = 'https://place.example.org/backoffice/'


class Building:
    def __init__(self, name, only, request_period=12.0, failing_period=6.0):
        self.s = Scene('placeos', name, only)
        self.rng = self.s.rng
        self.request_period, self.failing_period = request_period, failing_period
        self.broken = {}  # kind of request -> (from when, how: callable(t, details))
        self.dead_from = {}  # service -> when its own log stops

    def alive(self, service, t):
        return t < self.dead_from.get(service, END)

    def breaks(self, kind, how, delay=0.0):
        self.broken[kind] = (FAULT + delay, how)

    # --- requests -------------------------------------------------------------------------------
    def request(self, t, method, path, status=200, took=None, quiet=False):
        """One HTTP request: a line at the load balancer and one at the API."""
        took = took or self.rng.uniform(0.004, 0.045)
        client = f'10.8.{self.rng.randint(2, 5)}.{self.rng.randint(10, 60)}'
        self.s.access('load-balancer/access.log', t + took + 0.002, client, f'{method} {path}', status,
                      self.rng.randint(90, 5200), AGENT, SITE)
        if not quiet:
            self.api_line(t + took, method, path, status, took)

    def api_line(self, t, method, path, status, took):
        self.s.crystal('api', t, 'I', 'action-controller', '', event='request', method=method, path=path,
                       status=status, duration=f'{took * 1000:.1f}ms', request_id=self.s.hex(8))

    def kind_of(self):
        return self.rng.choices(['login', 'config', 'list', 'modules', 'execute', 'socket', 'state'],
                                [10, 14, 14, 12, 18, 18, 14])[0]

    def play(self, t, kind):
        system, (module, mod_id, function) = self.rng.choice(SYSTEMS), self.rng.choice(MODULES)
        details = dict(system=system, module=module, mod_id=mod_id, function=function)
        since, how = self.broken.get(kind, (END, None))
        if t >= since and how(t, details) is not False:
            return
        if kind == 'login':
            self.request(t, 'POST', '/auth/oauth/token')
        elif kind == 'config':
            self.request(t, 'GET', '/api/engine/v2/' + self.rng.choice(
                ['users/current', 'authorities/current', f'metadata/{system}', 'applications']))
        elif kind == 'list':
            self.request(t, 'GET', '/api/engine/v2/' + self.rng.choice(['systems', 'zones', 'modules']) +
                         f'?q=&limit=20&offset={20 * self.rng.randint(0, 4)}')
        elif kind == 'modules':
            self.request(t, 'GET', f'/api/engine/v2/systems/{system}/functions/{module}_1')
        elif kind == 'state':
            self.request(t, 'GET', f'/api/engine/v2/systems/{system}/{module}_1')
        else:
            self.executed(t, details, socket=kind == 'socket')

    def executed(self, t, d, socket):
        if socket:
            self.s.crystal('api', t, 'I', 'place_os.api.session', 'exec', args='[]', user='user-' + self.s.hex(4),
                           module=f'{d["module"]}_1', name=d['function'], sys_id=d['system'])
        else:
            self.request(t, 'POST', f'/api/engine/v2/systems/{d["system"]}/{d["module"]}_1/{d["function"]}',
                         took=self.rng.uniform(0.02, 0.12))
        if self.alive('core', t):
            self.s.crystal('core', t + 0.012, 'I', 'place_os.core.command', 'executed', module_id=d['mod_id'],
                           user_id='user-' + self.s.hex(4))
        if self.rng.random() < 0.5 and self.alive('driver', t):
            self.s.crystal('driver', t + 0.019, 'I', f'place_os.drivers.{d["module"].lower()}',
                           f'{d["function"]} done', module=d['mod_id'])

    def execute_fails(self, t, d, socket, error='Request failed', status=500):
        """The user's end of a failed execute, without its reason."""
        if socket:
            self.s.crystal('api', t + 0.03, 'E', 'place_os.api.session', 'failed to execute request',
                           error=f'"{error}"', module_name=d['module'], index=1, name=d['function'],
                           sys_id=d['system'], user='user-' + self.s.hex(4))
        else:
            self.request(t, 'POST', f'/api/engine/v2/systems/{d["system"]}/{d["module"]}_1/{d["function"]}',
                         status, took=self.rng.uniform(0.03, 0.2))

    def traffic(self):
        for t in self.s.every(self.request_period):
            self.play(t, self.kind_of())
        # People try again when something does not work.
        for kind, (since, _) in sorted(self.broken.items()):
            for t in self.s.every(self.failing_period, since):
                self.play(t, kind)

    # --- what runs by itself ----------------------------------------------------------------------
    def background(self):
        s, rng = self.s, self.rng
        for t in s.every(30):
            s.access('load-balancer/access.log', t, '10.8.0.3', 'GET /api/engine/v2/', 200, 2, 'kube-probe/1.28')
            self.api_line(t - 0.002, 'GET', '/api/engine/v2/', 200, 0.001)
        for t in s.every(150):
            s.nginx_error('load-balancer/error.log', t, 'warn',
                          f'*{88000 + int(t)} an upstream response is buffered to a temporary file '
                          f'/var/cache/nginx/proxy_temp/{rng.randint(1, 9)}/00/0000000{rng.randint(100, 999)} while reading '
                          'upstream, client: 10.8.2.14, server: place.example.org, request: "GET '
                          '/backoffice/main.js HTTP/1.1", upstream: "http://10.9.0.31:8080/backoffice/main.js", '
                          'host: "place.example.org"')
        for t in s.every(25):
            if self.alive('core', t):
                module = rng.choice(MODULES)
                s.crystal('core', t, 'I', 'place_os.core.module_manager', rng.choice(
                    ['started module', 'updated module settings', 'module already loaded']),
                    module_id=module[1], name=module[0])
        for t in s.every(70):
            if self.alive('core', t):
                s.crystal('core', t, 'I', 'place_os.core.process_check',
                          f'[liveness] {rng.randint(11, 14)} driver processes responsive')
        for t in s.every(200):
            s.crystal('api', t, 'W', 'place_os.api.session', 'websocket binding attempted to access unknown trigger',
                      trigger_instance_id='trig-' + s.hex(4))
        for t in s.every(22):
            if 'trigger' not in self.broken or t < self.broken['trigger'][0]:
                s.crystal('triggers', t, 'I', 'place_os.triggers.state',
                          f"performing exec for trigger '{rng.choice(['Room empty', 'After hours', 'Meeting start'])}'",
                          system_id=rng.choice(SYSTEMS), module='Display', index=1, method='power')
        for t in s.every(45):
            s.crystal('triggers', t, 'I', 'place_os.triggers.mapping',
                      f'reconciliation: no changes ({rng.randint(40, 44)} instances loaded)')
        for t in s.every(28):
            if self.alive('driver', t):
                module = rng.choice(MODULES)
                s.crystal('driver', t, 'I', f'place_os.drivers.{module[0].lower()}', rng.choice(
                    ['poll ok', 'device online', 'queue drained']), module=module[1])
        for t in s.every(260):
            s.crystal('driver', t, 'W', 'place_os.drivers.camera', 'slow answer from device, 1240 ms', module='mod-Cm35')
        for t in s.every(40):
            if self.alive('etcd', t):
                s.zap('etcd', t, 'info', *rng.choice([
                    ('mvcc/index.go:214', 'compact tree index'),
                    ('mvcc/kvstore_compaction.go:66', 'finished scheduled compaction'),
                    ('etcdserver/server.go:1393', 'triggering snapshot'),
                    ('etcdserver/server.go:1423', 'saved snapshot')]), revision=rng.randint(880000, 889999))
        if self.alive('etcd', 201):
            s.zap('etcd', 200.7, 'warn', 'etcdserver/util.go:170', 'apply request took too long', took='131.2ms',
                  **{'expected-duration': '100ms'}, prefix='read-only range ', request='key:"service/core"')
        for t in s.every(55):
            if self.alive('redis', t):
                pid = rng.randint(300, 900)
                s.redis(t, '*', '100 changes in 300 seconds. Saving...')
                s.redis(t + 0.004, '*', f'Background saving started by pid {pid}')
                s.redis(t + 0.31, '*', 'DB saved on disk', role='C')
                s.redis(t + 0.40, '*', 'Background saving terminated with success')
        for t in s.every(95):
            if self.alive('rethinkdb', t):
                s.rethinkdb(t, 'info', f'Table {s.uuid()}: Configuration is changing.' if rng.random() < .15
                            else f'Connected client closed: 172.20.0.{rng.randint(5, 14)}:{rng.randint(33000, 60000)}')
        for t in s.every(35):
            if self.alive('elasticsearch', t):
                s.elastic(t, 'INFO', *rng.choice([
                    ('o.e.c.m.MetadataMappingService', '[control_system/kqv2T] update_mapping [_doc]'),
                    ('o.e.x.s.SnapshotRetentionTask', 'starting SLM retention snapshot cleanup task'),
                    ('o.e.i.IndexingMemoryController', 'flushing idle shards')]))
        for t in s.every(30):
            if 'list' not in self.broken or t < self.broken['list'][0]:
                s.crystal('search-ingest', t, 'I', 'search_ingest.table_manager', 'bulk save',
                          action=rng.choice(['Upsert', 'Update']), index=rng.choice(['control_system', 'module', 'zone']))
        for t in s.every(26):
            self.s.crystal('staff-api', t, 'I', 'action-controller', '', event='request', method='GET',
                           path='/api/staff/v1/' + rng.choice(['bookings', 'events', 'calendars']),
                           status=200, duration=f'{rng.uniform(5, 90):.1f}ms', request_id=s.hex(8))
        for t in s.every(170):
            s.crystal('staff-api', t, 'W', 'staff.calendars', 'calendar sync was throttled, retrying in 20s', tenant=2)
        for t in s.every(60):
            s.postgres(t, 71, 'LOG:  checkpoint starting: time')
            s.postgres(t + 2.4, 71, f'LOG:  checkpoint complete: wrote {rng.randint(20, 160)} buffers (0.4%); 0 WAL file(s) '
                                    'added, 0 removed, 0 recycled; write=2.310 s, sync=0.021 s, total=2.402 s')

    def done(self):
        self.background()
        self.traffic()
        return self.s


def refused(host, why='Connection refused'):
    return f"Error connecting to '{host}': {why} (Socket::ConnectError)"


# --- etcd ----------------------------------------------------------------------------------------
def etcd_outage(name='etcd-outage', only=None, **pace):
    b = Building(name, only, **pace)
    s, rng = b.s, b.rng
    b.dead_from['etcd'] = FAULT
    s.zap('etcd', FAULT - 0.9, 'warn', 'etcdserver/util.go:170', 'apply request took too long', took='702.4ms',
          **{'expected-duration': '100ms'}, prefix='read-only range ', request='key:"service/core"')
    s.zap('etcd', FAULT, 'info', 'osutil/interrupt_unix.go:64', 'received signal; shutting down', signal='terminated')
    s.zap('etcd', FAULT + 0.03, 'info', 'embed/etcd.go:377', 'closing etcd server', name='etcd-0',
          **{'data-dir': '/var/run/etcd/default.etcd', 'advertise-client-urls': ['http://etcd:2379']})
    s.zap('etcd', FAULT + 0.41, 'info', 'embed/etcd.go:379', 'closed etcd server', name='etcd-0')

    def fails(socket):
        def how(t, d):
            if t < FAULT + 14 and rng.random() < .5:  # the last known core still answers
                return False
            if t < FAULT + 14 or rng.random() < .45:
                s.crystal('api', t + 0.02, 'E', 'place_os.api.systems', 'unable to connect to etcd', refused('etcd:2379'),
                          sys_id=d['system'], module_name=d['module'], index=1)
            else:
                s.crystal('api', t + 0.02, 'E', 'place_os.api.systems', 'no core instances registered!',
                          sys_id=d['system'], module_name=d['module'], index=1)
            b.execute_fails(t + 0.01, d, socket)
        return how
    b.breaks('execute', fails(False), 1.5)
    b.breaks('socket', fails(True), 2.5)

    def bind_fails(t, d):
        s.crystal('api', t + 0.01, 'E', 'place_os.api.session', 'failed to bind', error='"Unexpected failure"',
                  system_id=d['system'], module_name=d['module'], index=1, name=d['function'])
    b.breaks('bind', bind_fails, 6)
    b.breaks('trigger', lambda t, d: s.crystal(
        'triggers', t, 'E', 'place_os.triggers.state', "exec failed for trigger 'Room empty'",
        'No registered core instances (PlaceOS::Driver::Proxy::RemoteDriver::Error)',
        system_id=d['system'], module=d['module'], index=1, method=d['function']), 9)
    for core in range(2):
        node = ['01J9ZV', '01J9ZW'][core]
        for t in s.every(5, FAULT + 1 + core):
            s.crystal('core', t, 'W', 'hound_dog.service', 'when calling etcd', refused('etcd:2379'))
        for t in s.every(9, FAULT + 8 + 4 * core):
            s.crystal('core', t, 'E', *rng.choice([
                ('hound_dog.service', 'keep_alive: unexpected error maintaining lease'),
                ('clustering', 'error while participating in election')]), node=node)
        s.crystal('core', FAULT + 12.2 + core, 'W', 'hound_dog.service', f'keep_alive: lost lease 75878692{core} for service/core/{node}')
    for t in s.every(10, FAULT + 20):
        s.crystal('core', t, 'E', 'place_os.core.module_manager', 'cluster rebalance: module load timeout',
                  module_id=rng.choice(MODULES)[1])
    return b.done()


def api_cannot_reach_etcd():
    b = Building('api-cannot-reach-etcd', {'load-balancer', 'api', 'core', 'triggers', 'etcd', 'redis'})
    s = b.s

    def fails(socket):
        def how(t, d):
            s.crystal('api', t + 0.02, 'E', 'place_os.api.systems', 'unable to connect to etcd',
                      refused('etcd:2379', 'No route to host'), sys_id=d['system'], module_name=d['module'], index=1)
            b.execute_fails(t + 0.01, d, socket)
        return how
    b.breaks('execute', fails(False), 1.5)
    b.breaks('socket', fails(True), 2.5)
    b.breaks('bind', lambda t, d: s.crystal(
        'api', t, 'E', 'place_os.api.session', 'failed to bind', error='"Unexpected failure"',
        system_id=d['system'], module_name=d['module'], index=1, name=d['function']), 5)
    for t in s.every(12):  # drivers, triggers and schedules go on inside the cluster
        s.crystal('core', t, 'I', 'place_os.core.command', 'executed', module_id=b.rng.choice(MODULES)[1], user_id='trigger')
    return b.done()


def core_cannot_reach_etcd():
    b = Building('core-cannot-reach-etcd', {'load-balancer', 'api', 'core', 'triggers', 'etcd', 'redis'})
    s, rng = b.s, b.rng
    for t in s.every(5, FAULT):
        s.crystal('core', t, 'W', 'hound_dog.service', 'when calling etcd', refused('etcd:2379', 'No route to host'))
    for t in s.every(8, FAULT + 6):
        s.crystal('core', t, 'E', *rng.choice([
            ('hound_dog.service', 'keep_alive: unexpected error maintaining lease'),
            ('clustering', 'error while participating in election')]), node='01J9ZV')
    for t in s.every(11, FAULT + 18):
        s.crystal('core', t, 'E', 'place_os.core.module_manager', 'cluster rebalance: module load timeout',
                  module_id=rng.choice(MODULES)[1])
    s.zap('etcd', FAULT + 13.8, 'info', 'lease/lessor.go:740', 'expired lease', **{'lease-id': '7587869213'})

    def fails(socket):  # once the lease is gone, the API finds no core
        def how(t, d):
            s.crystal('api', t + 0.02, 'E', 'place_os.api.systems', 'no core instances registered!',
                      sys_id=d['system'], module_name=d['module'], index=1)
            b.execute_fails(t + 0.01, d, socket)
        return how
    b.breaks('execute', fails(False), 14)
    b.breaks('socket', fails(True), 14.5)
    b.breaks('bind', lambda t, d: s.crystal(
        'api', t, 'E', 'place_os.api.session', 'failed to bind', error='"Unexpected failure"',
        system_id=d['system'], module_name=d['module'], index=1, name=d['function']), 16)
    b.breaks('trigger', lambda t, d: s.crystal(
        'triggers', t, 'E', 'place_os.triggers.state', "exec failed for trigger 'Room empty'",
        'No registered core instances (PlaceOS::Driver::Proxy::RemoteDriver::Error)',
        system_id=d['system'], module=d['module'], index=1, method=d['function']), 17)
    return b.done()


def core_down():
    b = Building('core-down', {'load-balancer', 'api', 'core', 'triggers', 'etcd', 'redis'})
    s, rng = b.s, b.rng
    b.dead_from['core'] = FAULT
    s.crystal('core', FAULT - 0.4, 'E', 'place_os.core.module_manager', 'cluster rebalance: module load timeout',
              module_id='mod-Lt42')
    s.crystal('core', FAULT, 'F', 'place_os.core.module_manager', 'cluster rebalance: failed, terminating node',
              'Timeout (Tasker::Timeout)', node='01J9ZV')

    def fails(socket):
        def how(t, d):
            if t > FAULT + 14:
                s.crystal('api', t + 0.02, 'E', 'place_os.api.systems', 'no core instances registered!',
                          sys_id=d['system'], module_name=d['module'], index=1)
            else:
                s.crystal('api', t + 0.02, 'E', 'place_os.api.systems', 'failed to request core', refused('core:3000'),
                          sys_id=d['system'], module_name=d['module'], index=1)
            b.execute_fails(t + 0.01, d, socket)
        return how
    b.breaks('execute', fails(False), 4)
    b.breaks('socket', fails(True), 3)
    for t in s.every(8, FAULT + 1, FAULT + 200):
        s.crystal('api', t, 'W', 'place_os.api.cluster', 'failed to request core status', refused('core:3000'),
                  uri='http://core:3000', core_id='01J9ZV')
    b.breaks('trigger', lambda t, d: s.crystal(  # until the lease of core is gone, its address is still known
        'triggers', t, 'E', 'place_os.triggers.state', "exec failed for trigger 'Room empty'",
        refused('core:3000') if t < FAULT + 35 or rng.random() < .4 else
        'No registered core instances (PlaceOS::Driver::Proxy::RemoteDriver::Error)',
        system_id=d['system'], module=d['module'], index=1, method=d['function']), 2)
    return b.done()


# --- RethinkDB, Redis, Elasticsearch ---------------------------------------------------------------
def rethinkdb_outage():
    b = Building('rethinkdb-outage', {'load-balancer', 'api', 'core', 'triggers', 'driver', 'rethinkdb', 'etcd'})
    s, rng = b.s, b.rng
    b.dead_from['rethinkdb'] = FAULT
    s.rethinkdb(FAULT, 'error', 'Error in src/serializer/log/log_serializer.cc at line 822:')
    s.rethinkdb(FAULT + 0.002, 'error', 'Guarantee failed: [!index_block] Disk block checksum mismatch')
    s.rethinkdb(FAULT + 0.011, 'error', 'Exiting.')

    def fails(path_of, method='GET'):
        def how(t, d):
            if rng.random() < .5:
                s.crystal('api', t + 0.01, 'E', 'place_os.api', 'connection check to rethinkdb failed',
                          refused('rethinkdb:28015'))
            else:
                s.crystal('api', t + 0.01, 'E', 'action-controller', 'unhandled request error',
                          'Connection closed (RethinkDB::ReqlDriverError)')
            b.request(t, method, path_of(d), 500, took=rng.uniform(.05, 2))
        return how
    b.breaks('login', fails(lambda d: '/auth/oauth/token', 'POST'), 1)
    b.breaks('config', fails(lambda d: '/api/engine/v2/' + rng.choice(['users/current', 'authorities/current', 'applications'])), 2)
    b.breaks('list', fails(lambda d: '/api/engine/v2/systems?q=&limit=20&offset=0'), 3)
    b.breaks('modules', lambda t, d: False, 0)  # open sessions go on
    return b.done()


def redis_outage():
    b = Building('redis-outage', {'load-balancer', 'api', 'core', 'triggers', 'driver', 'redis', 'rethinkdb'})
    s, rng = b.s, b.rng
    b.dead_from['redis'] = FAULT
    s.redis(FAULT, '#', "Received SIGTERM scheduling shutdown...", role='signal-handler (1773478860)')
    s.redis(FAULT + 0.05, '#', 'User requested shutdown...')
    s.redis(FAULT + 0.30, '#', 'Redis is now ready to exit, bye bye...')
    b.breaks('modules', lambda t, d: (
        s.crystal('api', t + 0.01, 'W', 'place_os.api.systems', f'metadata not found for {d["module"]}_1 on {d["system"]}'),
        b.request(t, 'GET', f'/api/engine/v2/systems/{d["system"]}/functions/{d["module"]}_1', 404))[0], 1.5)

    def fails(socket):
        def how(t, d):
            s.crystal('api', t + 0.02, 'E', 'place_os.api', 'connection check to redis failed', refused('redis:6379'))
            b.execute_fails(t + 0.01, d, socket)
        return how
    b.breaks('execute', fails(False), 2.5)
    b.breaks('socket', fails(True), 3.5)
    for t in s.every(4, FAULT + 1):
        s.crystal('core', t, 'W', 'place_os.driver.subscriptions', 'redis subscription loop exited', refused('redis:6379'))
    for t in s.every(7, FAULT + 5):
        s.crystal('core', t, 'W', 'place_os.driver.proxy', 'could not find module id', module_name=rng.choice(MODULES)[0],
                  system_id=rng.choice(SYSTEMS), index=1)
    for t in s.every(9, FAULT + 2):
        module = rng.choice(MODULES)
        s.crystal('driver', t, 'W', 'place_os.driver.protocol', 'redis healthcheck failed - retrying', refused('redis:6379'),
                  module=module[1])
    return b.done()


def elasticsearch_outage():
    b = Building('elasticsearch-outage', {'load-balancer', 'api', 'core', 'triggers', 'search-ingest', 'elasticsearch', 'rethinkdb'})
    s, rng = b.s, b.rng
    b.dead_from['elasticsearch'] = FAULT
    s.elastic(FAULT - 2, 'WARN', 'o.e.m.j.JvmGcMonitorService', '[gc][884738] overhead, spent [4.9s] collecting in the last [5.1s]')
    s.elastic(FAULT, 'ERROR', 'o.e.b.ElasticsearchUncaughtExceptionHandler',
              'fatal error in thread [elasticsearch[es-1][search][T#3]], exiting',
              'java.lang.OutOfMemoryError: Java heap space',
              '\tat org.apache.lucene.util.ArrayUtil.growExact(ArrayUtil.java:323) ~[lucene-core-8.11.1.jar:8.11.1]',
              '\tat java.lang.Thread.run(Thread.java:833) ~[?:?]')
    b.breaks('list', lambda t, d: (
        s.crystal('api', t + 0.01, 'E', 'place_os.api', 'connection check to elastic failed', refused('elastic:9200'))
        if rng.random() < .6 else None,
        b.request(t, 'GET', f'/api/engine/v2/{rng.choice(["systems", "zones", "modules"])}?q=&limit=20&offset=0', 500))[0], 1.5)
    for t in s.every(6, FAULT + 2):
        s.crystal('search-ingest', t, 'E', 'search_ingest.elastic',
                  "failed to get elasticsearch health status: Error connecting to 'elastic:9200': Connection refused")
    return b.done()


# --- drivers -----------------------------------------------------------------------------------------
LUTRON = '/app/bin/drivers/drivers_lutron_lighting_8a1f0c2'


def driver_scene(name, crash):
    b = Building(name, {'load-balancer', 'api', 'core', 'triggers', 'driver', 'redis', 'etcd'})
    s, rng = b.s, b.rng
    if crash:
        for i, t in enumerate(s.every(11, FAULT)):
            if i % 3 == 0:
                s.crystal('driver', t - 0.1, 'F', 'place_os.driver.driver_manager',
                          'issue processing requests on PlaceOS::Drivers::Lutron (mod-Lt42)',
                          'Index out of bounds (IndexError)', "  from src/drivers/lutron/lighting.cr:88:21 in 'received'",
                          module='mod-Lt42')
            s.crystal('core', t, 'I', 'place_os.driver.protocol.management', 'driver process exited with 11', driver_path=LUTRON)
            s.crystal('core', t + 0.04, 'E', 'place_os.driver.protocol.management', f'error launching driver: {LUTRON}')
            s.crystal('core', t + 2.1, 'I', 'place_os.driver.protocol.management', f'launching driver: {LUTRON}')
    else:
        s.crystal('core', FAULT - 6, 'I', 'place_os.core.driver_manager', 'Requesting build service to compile driver',
                  driver_file='drivers/lutron/lighting.cr', commit='8a1f0c2', branch='main')
        for t in s.every(13, FAULT):
            s.crystal('core', t, 'E', 'place_os.core.driver_manager', 'build service failed to compile driver',
                      output='"In drivers/lutron/lighting.cr:88:21 Error: undefined method \'poll\' for Nil"',
                      driver_file='drivers/lutron/lighting.cr', commit='8a1f0c2')
        for t in s.every(26, FAULT + 5):
            s.crystal('driver', t, 'W', 'place_os.driver.reload',
                      'Driver not compiled for lazy module mod-Lt42: the build service could not supply or build '
                      'drivers/lutron/lighting.cr@8a1f0c2')

    def fails(socket):
        def how(t, d):
            if d['module'] != 'Lighting' and rng.random() < .5:
                return False  # other drivers work
            d = dict(d, module='Lighting', mod_id='mod-Lt42', function='set_scene')
            s.crystal('core', t + 0.005, 'E', 'place_os.core.command', 'execute errored',
                      'No protocol manager for mod-Lt42 (PlaceOS::Core::ModuleError)' if not crash or rng.random() < .6
                      else 'comms closed (IO::Error)', module_id='mod-Lt42')
            b.execute_fails(t + 0.01, d, socket)
        return how
    b.breaks('execute', fails(False), 2)
    b.breaks('socket', fails(True), 3)
    return b.done()


# --- load balancer ------------------------------------------------------------------------------------
def load_balancer_issue():
    b = Building('load-balancer-issue', {'load-balancer', 'api', 'core', 'triggers', 'staff-api', 'etcd', 'redis'})
    s, rng = b.s, b.rng
    for t in s.every(3, FAULT):
        s.nginx_error('load-balancer/error.log', t, 'alert', '1024 worker_connections are not enough')

    def fails(path_of, method='GET'):
        return lambda t, d: b.request(t, method, path_of(d), 502, took=.001, quiet=True)
    b.breaks('login', fails(lambda d: '/auth/oauth/token', 'POST'), .5)
    for kind, delay in (('config', 1), ('list', 1.5)):
        b.breaks(kind, fails(lambda d: '/api/engine/v2/' + rng.choice(['users/current', 'systems?q=&limit=20&offset=0'])), delay)
    b.breaks('modules', fails(lambda d: f'/api/engine/v2/systems/{d["system"]}/functions/{d["module"]}_1'), 1)
    b.breaks('execute', fails(lambda d: f'/api/engine/v2/systems/{d["system"]}/{d["module"]}_1/{d["function"]}', 'POST'), 2)
    b.breaks('state', lambda t, d: None, 0)
    for program, period in (('staff-api', 8), ('triggers', 9)):
        for t in s.every(period, FAULT + 3):
            s.crystal(program, t, 'E', 'place_os.client', 'request to PLACE_URI failed',
                      "Error connecting to 'load-balancer:443': Connection timed out (Socket::ConnectError)")
    for t in s.every(12):  # the cluster itself goes on
        s.crystal('core', t, 'I', 'place_os.core.command', 'executed', module_id=rng.choice(MODULES)[1], user_id='trigger')
        s.crystal('api', t + 3, 'I', 'place_os.api.changefeeds', 'received change event', table='module')
    return b.done()


SPARED = ['placeos/login-failed', 'placeos/listing-failed', 'placeos/api-requests-failing']


def incident(root, mode, explains, spares, impact, step):
    return dict(root=root, failure_mode=mode, confidence=['CONFIRMED', 'LIKELY'],
                explains=explains, spares=spares, impact=impact, first_step=step)


def ex(*pairs):
    return [dict(signature='placeos/' + s, at=a) for s, a in pairs]


ETCD = incident('etcd', 'placeos/etcd-down',
                ex(('etcd-connect-failed', 'api'), ('no-core-instances', 'api'), ('execute-failed', 'api'),
                   ('websocket-failed', 'api'), ('core-cannot-join', 'core'), ('drivers-not-launched', 'core'),
                   ('triggers-failed', 'triggers')),
                SPARED, 'execute and WebSocket requests fail', 'etcdctl endpoint health')
EVERYONE = {'load-balancer', 'api', 'core', 'triggers', 'staff-api', 'etcd', 'redis', 'postgresql'}

SCENARIOS = {
    'etcd-outage': ('etcd dies in a PlaceOS cluster (the demo: eight services, several thousand lines)',
                    lambda: etcd_outage(only=EVERYONE, request_period=0.75, failing_period=2.0), [ETCD], {'skew_host': 'core'}),
    'etcd-down': ('etcd dies in a small PlaceOS cluster',
                  lambda: etcd_outage('etcd-down', EVERYONE - {'staff-api', 'postgresql'}), [ETCD], {'skew_host': 'core'}),
    'rethinkdb-outage': ('RethinkDB crashes: nobody can log in, open sessions go on', rethinkdb_outage, [incident(
        'rethinkdb', 'placeos/rethinkdb-down',
        ex(('login-failed', 'api'), ('api-requests-failing', 'api'), ('listing-failed', 'api')),
        ['placeos/websocket-failed'], 'including authentication', 'Check that RethinkDB runs')], {'skew_host': 'core'}),
    'redis-outage': ('Redis stops: modules do not load, status stands still', redis_outage, [incident(
        'redis', 'placeos/redis-down',
        ex(('module-metadata-missing', 'api'), ('status-stopped', 'core'), ('cross-driver-failed', 'core')),
        ['placeos/login-failed', 'placeos/listing-failed'], 'Status changes and signals', 'redis-cli')], {'skew_host': 'core'}),
    'elasticsearch-outage': ('Elasticsearch runs out of heap: Backoffice lists nothing, the rest works', elasticsearch_outage,
                             [incident('elasticsearch', 'placeos/elasticsearch-down',
                                       ex(('listing-failed', 'api'), ('elastic-call-failed', 'search-ingest')),
                                       ['placeos/login-failed', 'placeos/execute-failed', 'placeos/websocket-failed'],
                                       'index, listing and searching requests fail', '_cluster/health')], {'skew_host': 'core'}),
    'driver-crash': ('A lighting driver crashes in a loop', lambda: driver_scene('driver-crash', True), [incident(
        'driver', 'placeos/driver-crash',
        ex(('driver-crashed', 'driver'), ('core-execute-errored', 'core'), ('execute-failed', 'api')),
        ['placeos/login-failed', 'placeos/no-core-instances'], 'Executes directed at a module', 'Find the driver that crashes')], {'skew_host': 'core'}),
    'driver-compilation': ('A new commit of a lighting driver does not compile', lambda: driver_scene('driver-compilation', False),
                           [incident('driver', 'placeos/driver-compilation',
                                     ex(('driver-compile-failed', 'driver'), ('module-not-running', 'core'), ('execute-failed', 'api')),
                                     ['placeos/login-failed', 'placeos/no-core-instances'], 'Executes directed at a module',
                                     "Read the compiler's output")], {'skew_host': 'core'}),
    'load-balancer-issue': ('The load balancer runs out of connections: requests do not reach the services', load_balancer_issue,
                            [incident('load-balancer', 'placeos/load-balancer-issue',
                                      ex(('lb-login-rejected', 'load-balancer'), ('lb-cannot-forward', 'load-balancer')),
                                      ['placeos/login-failed', 'placeos/api-requests-failing'],
                                      'requests are not hitting the services', 'Check if requests are hitting the services')], {'skew_host': 'core'}),
    'api-cannot-reach-etcd': ('The API alone loses its path to etcd', api_cannot_reach_etcd, [incident(
        'etcd', 'placeos/api-cannot-reach-etcd',
        ex(('etcd-connect-failed', 'api'), ('execute-failed', 'api'), ('websocket-failed', 'api')),
        ['placeos/core-cannot-join', 'placeos/triggers-failed', 'placeos/login-failed'],
        'Only the API cannot find core instances', 'Check from the API')], {'skew_host': 'core'}),
    'core-cannot-reach-etcd': ('core alone loses its path to etcd, and its lease with it', core_cannot_reach_etcd, [incident(
        'etcd', 'placeos/core-cannot-reach-etcd',
        ex(('core-cannot-join', 'core'), ('no-core-instances', 'api'), ('execute-failed', 'api')),
        ['placeos/etcd-connect-failed', 'placeos/login-failed'], 'core is unable to connect', "Check from core's host")],
        {'skew_host': 'api', 'missing_root': {'root': 'etcd', 'failure_mode': 'placeos/etcd-down'}}),
    'core-down': ('The only core instance terminates itself', core_down, [incident(
        'core', 'placeos/core-down',
        ex(('no-core-instances', 'api'), ('execute-failed', 'api'), ('driver-unreachable', 'api')),
        ['placeos/login-failed', 'placeos/listing-failed'], 'No core instance runs', 'Check that core processes')], {'skew_host': 'api'}),
}
