"""The backend scenarios: an order system, and what each section of the runbook looks like in it.

web (nginx) -> my-api-service (Java, Spring) -> my-service (Java, prices) and mysql; mailer and billing
(Python) call the API and the price service. They run on one host, watched by monit.
"""
from scenario_kit import END, Scene

FAULT = 360.0
CLIENT = 'okhttp/4.12.0'


class Orders:
    def __init__(self, name, only):
        self.s = Scene('backend', name, only)
        self.rng = self.s.rng
        self.order = 118200
        self.broken = {}  # kind of request -> (from when, how(t))
        self.dead_from = {}

    def breaks(self, kind, how, delay=0.0):
        self.broken[kind] = (FAULT + delay, how)

    def web(self, t, path, status=200, method='GET', took=0.03):
        self.s.access('web/access.log', t + took, f'203.0.113.{self.rng.randint(2, 250)}', f'{method} {path}', status,
                      self.rng.randint(120, 4200) if status < 400 else 162, CLIENT)

    def thread(self):
        return f'nio-8080-exec-{self.rng.randint(1, 9)}'

    def api(self, t, level, logger, text, *more):
        self.s.spring('my-api-service', t, level, self.thread(), logger, text, *more)

    def play(self, t, kind):
        since, how = self.broken.get(kind, (END, None))
        if t >= since:
            return how(t)
        self.order += 1
        took = self.rng.uniform(.008, .06)
        if kind == 'read':
            self.web(t, f'/api/orders/{self.order - self.rng.randint(1, 400)}', took=took + .004)
            self.api(t + took, 'INFO', 'c.e.orders.OrderController', f'retrieved order {self.order - 9} in {took * 1000:.0f} ms')
        elif kind == 'price':
            self.web(t, '/api/price', method='POST', took=took + .02)
            self.s.spring('my-service', t + took * .6, 'INFO', f'nio-8081-exec-{self.rng.randint(1, 9)}',
                          'c.e.pricing.PriceController', f'POST /price took {took * 600:.0f} ms')
            self.api(t + took, 'INFO', 'c.e.orders.PricingClient', f'priced basket {self.s.hex(6)}')
        elif kind == 'store':
            self.web(t, '/api/orders', 201, 'POST', took + .004)
            self.api(t + took, 'INFO', 'c.e.orders.OrderService', f'stored order {self.order}')
        elif kind == 'mail':
            self.s.python('mailer', t, 'INFO', 'mailer.queue', f'sent confirmation for order {self.order}')
        elif kind == 'bill':
            self.s.python('billing', t, 'INFO', 'billing.jobs', f'invoice {self.order + 70000} priced and stored')

    def traffic(self, period=5.0, failing=6.0):
        for t in self.s.every(period):
            self.play(t, self.rng.choices(['read', 'price', 'store', 'mail', 'bill'], [30, 22, 20, 14, 14])[0])
        for kind, (since, _) in sorted(self.broken.items()):
            for t in self.s.every(failing, since):
                self.play(t, kind)

    def background(self):
        s, rng = self.s, self.rng
        for t in s.every(60):
            s.spring('my-api-service', t, 'INFO', 'scheduling-1', 'c.e.orders.CacheRefresh', f'refreshed {rng.randint(80, 99)} catalogue entries')
        for t in s.every(240):
            self.api(t, 'WARN', 'o.s.w.s.m.s.DefaultHandlerExceptionResolver',
                     "Resolved [org.springframework.web.HttpRequestMethodNotSupportedException: Request method 'PUT' is not supported]")
            s.access('web/access.log', t + 1, '198.51.100.7', 'GET /wp-login.php', 404, 153, 'Mozilla/5.0 zgrab/0.x')
        for t in s.every(75):
            s.spring('my-service', t, 'INFO', 'scheduling-1', 'c.e.pricing.Rates', 'exchange rates are up to date')
        for t in s.every(90):
            s.python('mailer', t, 'INFO', 'mailer.queue', 'queue empty')
        for t in s.every(300):
            s.python('billing', t, 'WARNING', 'billing.export', 'export is larger than usual: 4.1 MB')
        for t in s.every(45):
            if t < self.dead_from.get('mysql', END):
                s.mysqld(t, rng.randint(300, 900), 'Note', 10914, 'Server',
                         f"Access granted for user 'orders'@'10.20.0.{rng.randint(4, 9)}' (using password: YES)")
        for t in s.every(60, 0, self.dead_from.get('calm', END)):
            s.monit(t, 'info', f"'app-1' cpu usage check succeeded [current cpu user usage = {rng.uniform(14, 31):.1f}%]")
        for t in s.every(120):
            s.monit(t, 'info', f"'rootfs' space usage check succeeded [current space usage = {rng.uniform(41, 42):.1f}%]")

    def done(self, **pace):
        self.background()
        self.traffic(**pace)
        return self.s


JDBC = ['com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure',
        '\tat com.mysql.cj.jdbc.exceptions.SQLError.createCommunicationsException(SQLError.java:175)',
        '\tat com.zaxxer.hikari.pool.PoolBase.newConnection(PoolBase.java:364)',
        'Caused by: java.net.ConnectException: Connection refused',
        '\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)']


def database_connection_failure():
    o = Orders('database-connection-failure', {'web', 'my-api-service', 'my-service', 'billing', 'mailer', 'mysql'})
    s, rng = o.s, o.rng
    o.dead_from['mysql'] = FAULT
    s.mysqld(FAULT - 41, 0, 'Warning', 10068, 'Server', 'CA certificate ca.pem is self signed.')
    s.mysqld(FAULT, 0, 'System', 13172, 'Server', 'Received SHUTDOWN from user <via user signal>. Shutting down mysqld (Version: 8.0.36).')
    s.mysqld(FAULT + .9, 0, 'System', 10910, 'Server', '/usr/sbin/mysqld: Shutdown complete (mysqld 8.0.36)  MySQL Community Server - GPL.')

    def api_fails(path, method):
        def how(t):
            order = o.order - rng.randint(1, 400)
            if rng.random() < .55:
                o.api(t + .01, 'ERROR', 'c.e.orders.OrderRepository', 'Unable to connect to database', *JDBC)
            else:
                o.api(t + .01, 'ERROR', 'c.e.orders.OrderService', f'Unable to retrieve data for order {order}')
            o.web(t, path.format(order), 500, method, rng.uniform(.02, .2))
        return how
    o.breaks('read', api_fails('/api/orders/{}', 'GET'), 1.2)
    o.breaks('store', api_fails('/api/orders', 'POST'), 2)

    def billing_fails(t):
        s.python('billing', t, 'ERROR', 'billing.db', 'Could not connect to the database, retrying in 2.0 s',
                 "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'mysql' ([Errno 111] Connection refused)\")")
    o.breaks('bill', billing_fails, 3)
    return o.done()


NPE = ['java.lang.NullPointerException: Cannot invoke "com.example.orders.Discount.rate()" because "discount" is null',
       '\tat com.example.orders.OrderController.read(OrderController.java:118)',
       '\tat org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1081)']


def api_endpoint_failure():
    o = Orders('api-endpoint-failure', {'web', 'my-api-service', 'my-service', 'billing', 'mailer', 'mysql'})
    s, rng = o.s, o.rng
    o.api(FAULT - 21, 'INFO', 'c.e.orders.Application', 'Stopping (version 4.18.2)')
    o.api(FAULT - 9, 'INFO', 'c.e.orders.Application', 'Started Application in 8.114 seconds (version 4.19.0)')

    def fails(path, method):
        def how(t):
            o.api(t + .01, 'ERROR', 'c.e.orders.ErrorHandler',
                  f'Unhandled exception in {method} {path.format("{id}")}', *NPE)
            o.api(t + .012, 'INFO', 'c.e.orders.AccessLog', f'{method} {path.format(o.order)} -> 500 Internal Server Error (11 ms)')
            o.web(t, path.format(o.order - 7), 500, method)
        return how
    o.breaks('read', fails('/api/orders/{}', 'GET'), 0)
    o.breaks('store', fails('/api/orders', 'POST'), .5)
    o.breaks('mail', lambda t: s.python('mailer', t, 'ERROR', 'mailer.orders',
                                        f'unexpected error from API: GET http://my-api-service:8080/api/orders/{o.order}'), 2)
    for t in s.every(20):
        s.spring('my-service', t, 'INFO', 'nio-8081-exec-3', 'c.e.pricing.PriceController', f'POST /price took {rng.randint(8, 40)} ms')
    return o.done()


def service_timeout():
    o = Orders('service-timeout', {'web', 'my-api-service', 'my-service', 'billing', 'mailer', 'mysql', 'host'})
    s, rng = o.s, o.rng
    for t in s.every(3.5, FAULT):
        s.spring('my-service', t, 'WARN', f'nio-8081-exec-{rng.randint(1, 9)}', 'c.e.pricing.Timing',
                 f'Slow request: POST /price took {rng.randint(5200, 21000)} ms')
    for t in s.every(9, FAULT + 8):
        s.spring('my-service', t, 'WARN', 'nio-8081-Acceptor', 'c.e.pricing.Server',
                 f'thread pool exhausted (200/200 busy), {rng.randint(20, 160)} requests waiting')

    def price_fails(t):
        o.api(t + 5, 'ERROR', 'c.e.orders.PricingClient', 'Request to http://my-service:8081/price timed out after 5000 ms')
        if rng.random() < .5:
            o.api(t + 5.1, 'WARN', 'c.e.orders.CircuitBreaker', 'Service unavailable due to timeout: pricing')
        o.web(t, '/api/price', 503, 'POST', 5.02)
    o.breaks('price', price_fails, 1)
    o.breaks('bill', lambda t: s.python('billing', t + 8, 'ERROR', 'billing.pricing',
                                        'request to http://my-service:8081/price timed out (read timeout=8)'), 1)
    return o.done()


def high_cpu():
    o = Orders('high-cpu', {'web', 'my-api-service', 'my-service', 'billing', 'mailer', 'mysql', 'host'})
    s, rng = o.s, o.rng
    o.dead_from['calm'] = FAULT
    for t in s.every(20, FAULT, jitter=.05):
        s.monit(t, 'error', f"'app-1' cpu user usage of {rng.uniform(94, 99):.1f}% matches resource limit [cpu user usage > 80.0%]")
    for t in s.every(30, FAULT + 6, jitter=.05):
        s.monit(t, 'error', f"'app-1' loadavg (1min) of {rng.uniform(34, 61):.1f} matches resource limit [loadavg (1min) > 16.0]")
    for t in s.every(60, FAULT + 12, jitter=.05):
        s.monit(t, 'error', f"'top' process 4127 (report-builder) using {rng.randint(380, 399)}% cpu for 30 s")
    for service, port in (('my-service', 8081), ('my-api-service', 8080)):
        for t in s.every(11, FAULT + 7):
            s.spring(service, t, 'WARN', 'l-1 housekeeper', 'com.zaxxer.hikari.pool.HikariPool',
                     f'HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta={rng.randint(45, 75)}s{rng.randint(100, 999)}ms).')
        for t in s.every(5, FAULT + 4):
            s.spring(service, t, 'WARN', f'nio-{port}-exec-{rng.randint(1, 9)}', 'c.e.Timing',
                     f'Slow request: {"POST /price" if port == 8081 else "GET /api/orders"} took {rng.randint(2200, 9900)} ms')

    def price_fails(t):
        o.api(t + 5, 'ERROR', 'c.e.orders.PricingClient', 'Request timed out')
        o.web(t, '/api/price', 503, 'POST', 5.02)
    o.breaks('price', price_fails, 6)
    return o.done(failing=7.0)


def incident(root, mode, explains, spares, impact, step):
    return dict(root=root, failure_mode='backend/' + mode, confidence=['CONFIRMED', 'LIKELY'],
                explains=[dict(signature='backend/' + s, at=a) for s, a in explains],
                spares=['backend/' + s for s in spares], impact=impact, first_step=step)


SCENARIOS = {
    'database-connection-failure': ('MySQL is shut down under an order system', database_connection_failure, [incident(
        'mysql', 'mysql-connection-failure',
        [('db-unable-to-connect', 'api-service'), ('db-retrieval-failed', 'api-service'), ('db-unable-to-connect', 'billing')],
        [], 'cannot retrieve or store data', 'Acknowledge the alert')], {'skew_host': 'api-service'}),
    'api-endpoint-failure': ('A new version of the API answers with 500', api_endpoint_failure, [incident(
        'api-service', 'api-endpoint-failure',
        [('unhandled-exception', 'api-service'), ('http-500', 'web'), ('api-not-responding', 'mailer')],
        ['db-unable-to-connect'], 'The API does not respond', 'Acknowledge the alert')], {'skew_host': 'web'}),
    'service-timeout': ('The price service becomes slow and its callers time out', service_timeout, [incident(
        'app-service', 'service-timeout',
        [('slow-response', 'app-service'), ('request-timed-out', 'api-service'), ('request-timed-out', 'billing')],
        ['cpu-high', 'db-unable-to-connect'], 'The service is slow', 'Acknowledge the alert')], {'skew_host': 'api-service'}),
    'high-cpu': ('A report job takes the CPU of the host', high_cpu, [incident(
        'host', 'high-cpu',
        [('cpu-high', 'host'), ('cpu-starved', 'app-service'), ('slow-response', 'api-service')],
        ['db-unable-to-connect'], 'The system is slow', 'Acknowledge the alert')], {'skew_host': 'app-service'}),
}
