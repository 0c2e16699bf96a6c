"""Clock, formats and files for make_scenarios.py: lines as the services really print them.

A Scene collects records (time in seconds after START, file, text) and writes one log file per
service, each sorted by time. Everything random comes from one generator seeded by the scene's name,
so the same script writes the same bytes.
"""
import datetime
import json
import os
import random

START = datetime.datetime(2026, 3, 14, 8, 55, 0, tzinfo=datetime.timezone.utc)
END = 780.0  # every scenario covers 13 minutes


def at(t):
    return START + datetime.timedelta(microseconds=round(t * 1e6))


def iso(t, digits=3):
    return at(t).strftime('%Y-%m-%dT%H:%M:%S.') + f'{at(t).microsecond:06d}'[:digits] + 'Z'


def spaced(t, sep='.'):
    return at(t).strftime('%Y-%m-%d %H:%M:%S') + sep + f'{at(t).microsecond // 1000:03d}'


class Scene:
    def __init__(self, pack, name, only=None):
        self.pack, self.name, self.only = pack, name, only
        self.rng = random.Random(f'{pack}/{name}')
        self.records = {}
        self.order = 0

    # --- time -------------------------------------------------------------------------------
    def every(self, period, first=0.0, last=END, jitter=0.35):
        """Times from first to last, one per period, shaken."""
        t = first + self.rng.uniform(0, period)
        while t < last:
            yield t
            t += period * self.rng.uniform(1 - jitter, 1 + jitter)

    def hex(self, n):
        return ''.join(self.rng.choice('0123456789abcdef') for _ in range(n))

    def uuid(self):
        h = self.hex(32)
        return f'{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}'

    # --- records ----------------------------------------------------------------------------
    def add(self, file, t, *lines):
        """One record; further lines continue it (exceptions, stack traces)."""
        if self.only is not None and file.split('/')[0].removesuffix('.log') not in self.only:
            return
        if not 0 <= t < END:
            return
        self.order += 1
        self.records.setdefault(file, []).append((t, self.order, lines))

    def write(self, folder):
        logs = os.path.join(folder, 'logs')
        for base, _, files in os.walk(logs, topdown=False):
            for f in files:
                os.remove(os.path.join(base, f))
        for file, records in sorted(self.records.items()):
            path = os.path.join(logs, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8', newline='\n') as out:
                for _, _, lines in sorted(records, key=lambda r: (r[0], r[1])):
                    for line in lines:
                        out.write(line + '\n')

    # --- formats ----------------------------------------------------------------------------
    def crystal(self, program, t, level, source, message, *more, file=None, **fields):
        """A PlaceOS service: inner quotes unescaped; an exception follows on lines of its own."""
        text = f'level=[{level}] time={iso(t)} program={program} source={source} message="{message}"'
        for key, value in fields.items():
            text += f' {key}={value}'
        self.add(file or f'{program}.log', t, text, *more)

    def zap(self, service, t, level, caller, msg, **fields):
        self.add(f'{service}.log', t, json.dumps(
            {'level': level, 'ts': iso(t, 6), 'caller': caller, 'msg': msg, **fields},
            separators=(',', ':')))

    def redis(self, t, mark, text, role='M'):
        stamp = at(t).strftime('%d %b %Y %H:%M:%S.') + f'{at(t).microsecond // 1000:03d}'
        self.add('redis.log', t, f'1:{role} {stamp} {mark} {text}')

    def rethinkdb(self, t, level, text):
        stamp = at(t).strftime('%Y-%m-%dT%H:%M:%S.') + f'{at(t).microsecond:06d}{self.rng.randrange(1000):03d}'
        self.add('rethinkdb.log', t, f'{stamp} {884213 + t:.6f}s {level}: {text}')

    def elastic(self, t, level, logger, text, *more):
        stamp = at(t).strftime('%Y-%m-%dT%H:%M:%S,') + f'{at(t).microsecond // 1000:03d}'
        self.add('elasticsearch.log', t, f'[{stamp}][{level:<5}][{logger}] [es-1] {text}', *more)

    def access(self, file, t, client, request, status, size, agent, referer='-'):
        stamp = at(t).strftime('%d/%b/%Y:%H:%M:%S +0000')
        self.add(file, t, f'{client} - - [{stamp}] "{request} HTTP/1.1" {status} {size} "{referer}" "{agent}"')

    def nginx_error(self, file, t, level, text):
        self.add(file, t, at(t).strftime('%Y/%m/%d %H:%M:%S ') + f'[{level}] 31#31: {text}')

    def spring(self, service, t, level, thread, logger, text, *more):
        self.add(f'{service}.log', t, f'{spaced(t)} {level:>5} 1 --- [{thread[-15:]:>15}] {logger:<40} : {text}', *more)

    def python(self, service, t, level, logger, text, *more):
        self.add(f'{service}.log', t, f'{spaced(t, ",")} {level} {logger}: {text}', *more)

    def mysqld(self, t, thread, label, code, part, text):
        self.add('mysql/error.log', t, f'{iso(t, 6)} {thread} [{label}] [MY-{code:06d}] [{part}] {text}')

    def postgres(self, t, pid, text):
        self.add('postgresql.log', t, f'{spaced(t)} UTC [{pid}] {text}')

    def monit(self, t, level, text):
        self.add('host/monit.log', t, at(t).strftime('[%Y-%m-%dT%H:%M:%S+0000] ') + f'{level:<9}: {text}')

    def cumulus(self, function, t, level, message, execution='', granules=None):
        self.add(f'{function}.log', t, json.dumps(
            {'level': level, 'executions': execution, 'granules': json.dumps(granules or []),
             'sender': function, 'timestamp': iso(t), 'version': '$LATEST', 'message': message},
            separators=(',', ':')))

    def lambda_run(self, function, t, took, request=None, failed=None):
        """What the Lambda runtime prints around an invocation."""
        request = request or self.uuid()
        if not failed and self.rng.random() < .7:  # most of the uneventful ones are left out of an export
            return request
        self.add(f'{function}.log', t, f'START RequestId: {request} Version: $LATEST')
        if failed:
            self.add(f'{function}.log', t + took - 0.01,
                     f'{iso(t + took - 0.01)}\t{request}\tERROR\tInvoke Error \t' +
                     json.dumps({'errorType': failed[0], 'errorMessage': failed[1]}, separators=(',', ':')))
        self.add(f'{function}.log', t + took, f'END RequestId: {request}')
        self.add(f'{function}.log', t + took + 0.001,
                 f'REPORT RequestId: {request}\tDuration: {took * 1000:.2f} ms\tBilled Duration: '
                 f'{took * 1000 + 1:.0f} ms\tMemory Size: 1024 MB\tMax Memory Used: {self.rng.randint(90, 210)} MB')
        return request
