/**
 * The identical beginning of every script. It uses only Python 3.6 and its standard library: the platform's images are old, and nothing can be
 * installed in them. It reads the environment as the platform sets it, calls the HTTP interface, and ends as the platform expects: one JSON document
 * on standard output; on failure the reason on standard error and exit code 1. Any other text on standard error would count as a failure. Source:
 * https://www.sumologic.com/help/docs/platform-services/automation-service/integration-framework/about-integration-framework/
 */
export const prelude = String.raw`import ast, base64, hashlib, html, http.client, json, os, re, socket, ssl, sys, time, uuid, warnings
import urllib.error, urllib.parse, urllib.request

warnings.simplefilter('ignore')
ONCE = uuid.uuid4().hex


class Failed(Exception):
    pass


def env(name, default=None):
    # No variable, an empty one and the word None are all unset. The bytes are UTF-8, whatever the container's locale says.
    value = os.fsencode(os.environ.get(name, '')).decode('utf-8', 'replace')
    return default if value.strip() in ('', 'None') else value


def blank(name):
    return os.environ.get(name, '').strip() == ''


def refuse_none(guards):
    # An unset field is None in some releases of the platform, and empty in others. Where another field of the same type is empty, None is the value
    # that a playbook has put in: without this guard or filter more would be done than was meant.
    for name, label, others in guards:
        if os.environ.get(name, '').strip() == 'None' and any(blank(other) for other in others):
            raise Failed('{} is None: the playbook has put no value there. Give it one, or leave the field empty.'.format(label))


def truth(value):
    # What is neither is passed on: the service names the field and says what to put.
    return {'true': True, '1': True, 'false': False, '0': False}.get((value or '').strip().lower(), value)


def number(value):
    text = (value or '').strip()
    if re.match('^[+-]?[0-9]{1,15}$', text):
        return int(text)
    return float(text) if re.match('^[+-]?[0-9]{1,15}[.][0-9]{1,15}$', text) else value


def choice(value):
    return value and value.strip()


def written(value):
    # JSON, or a list as Python writes it; anything else is not what was asked for.
    # Deep nesting makes old parsers of Python complain on standard error.
    deep = sum(value.count(mark) for mark in '[({') > 50
    for read in (json.loads,) if deep else (json.loads, ast.literal_eval):
        try:
            return read(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            pass
    return None


def listed(value, marks, quotes):
    # Split at the marks that stand neither in <...> nor in "...", where the field has those. A list without items was given all the same.
    if value is None:
        return None
    whole = written(value.strip()) if value and value.strip()[:1] == '[' else None
    if isinstance(whole, list):
        return [each if isinstance(each, dict) else str(each) for each in whole if each not in (None, '')]
    items, item, close = [], '', None
    ends = {mark: (value or '').rfind('>' if mark == '<' else mark) for mark in quotes}
    for at, char in enumerate(value or ''):
        if close is not None:
            close = None if char == close else close
        elif at < ends.get(char, -1):
            close = '>' if char == '<' else char
        elif char in marks:
            items.append(item.strip())
            item = ''
            continue
        item += char
    return [each for each in items + [item.strip()] if each]


def pasted(value, marks, quotes):
    # Ids as people paste them: what is not plainly a list is sent as it stands, for the action to take apart.
    if value is None:
        return None
    parts = listed(value, marks, quotes)
    named = ['@' in str(part) for part in parts]
    plain = all(named) or not any(named)
    if (value or '').strip()[:1] == '[' or (plain and not any(len(str(part).split()) > 1 for part in parts)):
        return parts
    return value.strip()


def whole(value):
    read = written(value.strip()) if value else None
    return read if isinstance(read, dict) else value


def given(fields):
    return {name: value for name, value in fields.items() if value is not None}


def seconds():
    try:
        wanted = float(env('timeout', '180'))
    except ValueError:
        wanted = 0
    if not 0 < wanted < 86400:
        raise Failed('Connection Timeout (s) must be a number of seconds, such as 180.')
    return wanted


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        # It would carry the key to wherever the reply points.
        return None


def client(checked):
    context = ssl.create_default_context()
    pem = env('ca_certificate')
    found = re.findall('-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----', pem or '', re.S)
    if pem and not found:
        raise Failed('CA Certificate holds no certificate. Put the text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.')
    for body in found:
        try:
            # A form may have made blanks of the line ends, or written them as \n.
            der = base64.b64decode(re.sub(r'\\n|\s', '', body))
            context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(der))
        except (ValueError, ssl.SSLError):
            raise Failed('CA Certificate cannot be read: it is not the whole text of a PEM file.')
    if not checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    handlers = [urllib.request.HTTPSHandler(context=context), NoRedirect()]
    if env('proxy_url'):
        handlers.append(urllib.request.ProxyHandler({'http': env('proxy_url').strip(), 'https': env('proxy_url').strip()}))
    return urllib.request.build_opener(*handlers)


def is_checked():
    return env('verify', 'true').strip().lower() not in ('false', '0', 'no', 'off')


def address(value, label):
    url = (value or '').strip().rstrip('/')
    if not re.match('^https?://[^/@?#]+(/[^?#]*)?$', url):
        raise Failed('{} must be an address such as https://mailcordon.example.com, without a password in it.'.format(label))
    # Also through a proxy, which reads what is not encrypted.
    if not url.startswith('https:') and not re.match(r'^http://(localhost|127([.][0-9]{1,3}){3}|\[::1\])(:[0-9]+)?(/|$)', url):
        raise Failed('{} begins with http: keys and mail could be read on the way to another machine. Put https.'.format(label))
    return url


def bearer():
    key = (env('api_key') or '').strip()
    if not re.match('^[\x21-\x7e]+$', key):
        raise Failed('API Key is missing or is not the key that mailcordon keys add has shown.')
    return 'Bearer ' + key


def refusal(error):
    # Problem details (RFC 9457) in words; anything else is not from the service.
    try:
        problem = json.loads(error.read(1048576).decode('utf-8'))
    except (ValueError, OSError, http.client.HTTPException, RecursionError):
        problem = None
    if not isinstance(problem, dict) or not (problem.get('detail') or problem.get('title')):
        where = '' if error.code not in (301, 302, 303, 307, 308) else ' It points elsewhere, which is not followed: correct API URL.'
        if error.code in (500, 502, 504):
            where = ' What was begun may still be done: look before you repeat it.'
        return 'HTTP {} without a reason that mailcordon would give: is API URL right?{}'.format(error.code, where)
    said = [str(problem.get('code') or 'HTTP {}'.format(error.code)) + ': ' + str(problem.get('detail') or problem.get('title'))]
    if problem.get('hint'):
        said.append(str(problem['hint']))
    if problem.get('request_id'):
        said.append('[request {}]'.format(problem['request_id']))
    return ' '.join(said)


def call(path, body, files=(), once=None, method='POST', named=True):
    # Sends again only what the service has not begun, or what it knows again by its key.
    connection = env('connection') if named else None
    url = address(env('api_url'), 'API URL') + path + ('?connection=' + urllib.parse.quote(connection.strip(), safe='') if connection else '')
    headers = {'Authorization': bearer(), 'Accept': 'application/json', 'User-Agent': 'mailcordon-automation-service'}
    if once:
        headers['Idempotency-Key'] = once
    document = None if body is None else json.dumps(body).encode('ascii')
    data, kind = document, 'application/json'
    if files:
        parts = [('input', None, 'application/json', document)]
        data, kind = multipart(parts + [(name, name, 'application/octet-stream', content) for name, content in files])
    if data is not None:
        headers['Content-Type'] = kind
    opener, until, lost = client(is_checked()), time.time() + seconds(), False
    while True:
        try:
            request = urllib.request.Request(url, data=data, headers=headers, method=method)
            with opener.open(request, timeout=max(1, until - time.time())) as reply:
                text = reply.read()
            break
        except urllib.error.HTTPError as error:
            pause = error.headers.get('Retry-After') or ''
            wait = max(1, int(pause)) if re.match('^[0-9]{1,5}$', pause) else None
            again = error.code in (409, 429, 503) and error.headers.get('Idempotency-Replayed') != 'true'
            if not again or wait is None or time.time() + wait >= until:
                raise Failed(refusal(error))
            error.close()
            time.sleep(wait)
        except (http.client.HTTPException, ConnectionError) as error:
            if lost:
                raise
            lost = True
            time.sleep(1)
    try:
        answer = json.loads(text.decode('utf-8'))
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Failed('The reply is not the JSON of mailcordon: is API URL right?')
    return answer


def multipart(parts):
    # RFC 7578; a name is written as browsers write it, so that none can end its line.
    boundary = uuid.uuid4().hex
    pieces = []
    for name, filename, kind, content in parts:
        said = 'form-data; name="{}"'.format(quoted(name))
        if filename is not None:
            said += '; filename="{}"'.format(quoted(filename))
        head = '--{}\r\nContent-Disposition: {}\r\n'.format(boundary, said)
        if kind is not None:
            head += 'Content-Type: {}\r\n'.format(kind)
        pieces += [(head + '\r\n').encode('utf-8', 'replace'), content, b'\r\n']
    pieces.append('--{}--\r\n'.format(boundary).encode('ascii'))
    return b''.join(pieces), 'multipart/form-data; boundary=' + boundary


def quoted(name):
    return name.replace('"', '%22').replace('\r', '%0D').replace('\n', '%0A')


def results(answer):
    rows = answer.get('results') if isinstance(answer, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def linked(answer):
    # Where the service has no address of its own to give, the one it was asked at leads to the evidence.
    for row in results(answer):
        kept_as = row.get('evidence')
        for kept in (row, kept_as, kept_as.get('export') if isinstance(kept_as, dict) else None):
            if isinstance(kept, dict) and str(kept.get('file_ref', '')).startswith('/'):
                kept['file_ref'] = address(env('api_url'), 'API URL') + kept['file_ref']


def finish(answer):
    linked(answer)
    sys.stdout.write(json.dumps(answer) + '\n')
    sys.stdout.flush()
    counts = answer.get('counts')
    if answer.get('success') is not True and not (isinstance(counts, dict) and counts.get('succeeded')):
        raise Failed(str(answer.get('message') or 'It failed, and the service does not say why.'))


def harmless(text):
    # Without secrets, and without characters that a viewer would obey.
    for name in ('api_key', 'access_key', 'access_id', 'proxy_url'):
        for secret in (env(name), (env(name) or '').strip()):
            # Shorter ones are no secrets, but would tear words apart.
            if secret and len(secret) > 3:
                text = text.replace(secret, '***')
    return re.sub('[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]', ' ', text)[:2000]


def reason(error):
    if isinstance(error, Failed):
        return str(error)
    if isinstance(error, socket.timeout) or isinstance(getattr(error, 'reason', None), socket.timeout):
        return 'No reply within Connection Timeout (s). What was begun may still be done: look before you repeat it.'
    cause = getattr(error, 'reason', error)
    if isinstance(cause, (ssl.SSLError, ssl.CertificateError)):
        return 'The certificate of the server is not trusted, or TLS failed: {}. A private CA is put into CA Certificate.'.format(cause)
    if isinstance(error, urllib.error.URLError):
        return 'The server cannot be reached: {}'.format(cause)
    if isinstance(error, (http.client.HTTPException, ConnectionError)):
        return 'The reply was lost: {}. What was begun may still be done: look before you repeat it.'.format(error or type(error).__name__)
    return '{}: {}'.format(type(error).__name__, error)


def main(run):
    try:
        run()
    except Exception as error:
        sys.stderr.buffer.write(harmless(reason(error)).encode('utf-8', 'replace'))
        sys.exit(1)
    sys.exit(0)
`;
