/** Reads what the service keeps as evidence, and believes it only when its hash is right. */
export const readEvidence = `
def evidence(sha256):
    if not re.match('^[0-9a-f]{64}$', sha256):
        raise Failed('An answer names evidence by something that is no SHA-256.')
    url = address(env('api_url'), 'API URL') + '/v1/evidence/' + sha256
    request = urllib.request.Request(url, headers={'Authorization': bearer(), 'User-Agent': 'mailcordon-automation-service'})
    try:
        with client(is_checked()).open(request, timeout=seconds()) as reply:
            content = reply.read()
    except urllib.error.HTTPError as error:
        raise Failed(refusal(error))
    return proven(content, sha256)


def proven(content, sha256):
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Failed('The bytes of the evidence are not those that were hashed.')
    return content


def bytes_of(row):
    # Small things are in the answer itself.
    if isinstance(row.get('base64'), str):
        return proven(base64.b64decode(row['base64']), str(row.get('sha256')))
    return evidence(str(row.get('sha256')))
`;

/**
 * Puts fetched content into the incident. The answer keeps its hashes and links even if this fails. The request has the form of a public integration
 * by Sumo Logic ("Screenshot Webpage"): fields attachment, file_name, additional_info, reference; HTTP Basic with access id and key.
 */
export const putIntoIncident = `
def attach(answer):
    incident = (env('incident_id') or env('IncmanParamIncidentId') or '').strip()
    rows = [row for row in results(answer) if row.get('status') == 'done' and row.get('sha256')]
    if not (incident and rows and env('cloud_soar_api_url') and env('access_id') and env('access_key')):
        return
    done, missed = {}, 0
    for row in rows:
        try:
            if row['sha256'] not in done:
                done[row['sha256']] = put(incident, str(row.get('safe_name') or row['sha256']), str(row['sha256']), bytes_of(row))
            row['incident_attachment'] = done[row['sha256']]
        except Exception as error:
            row['incident_attachment'] = {'error': harmless(reason(error))}
            missed += 1
    answer['incident'] = {'id': incident, 'attached': len(rows) - missed, 'failed': missed}
    if missed:
        answer['success'] = False
        answer['message'] = '{} {} of {} could not be put into incident {}.'.format(answer.get('message', ''), missed, len(rows), incident)


def put(incident, name, sha256, content):
    if not re.match('^[0-9]{1,20}$', incident):
        raise Failed('Incident ID must be a number.')
    data, kind = multipart([
        ('file_name', None, None, name.encode('utf-8', 'replace')),
        ('additional_info', None, None, ('SHA-256 ' + sha256).encode('ascii', 'replace')),
        ('reference', None, None, b'00'),
        ('attachment', name, 'application/octet-stream', content),
    ])
    basic = base64.b64encode('{}:{}'.format(env('access_id').strip(), env('access_key').strip()).encode('utf-8')).decode('ascii')
    url = '{}/api/csoar/v3/incidents/{}/attachments/'.format(address(env('cloud_soar_api_url'), 'Cloud SOAR API URL'), incident)
    request = urllib.request.Request(url, data=data, method='POST', headers={
        'Authorization': 'Basic ' + basic, 'Accept': 'application/json', 'Content-Type': kind})
    try:
        # The platform's certificate is always checked: "verify" is about the service's own.
        with client(True).open(request, timeout=seconds()) as reply:
            said = json.loads(reply.read(1048576).decode('utf-8'))
    except urllib.error.HTTPError as error:
        raise Failed('Cloud SOAR answered HTTP {}.'.format(error.code))
    return {name: said[name] for name in ('id', 'file_name', 'file_size') if isinstance(said, dict) and name in said}
`;

/**
 * Turns the value of an upload field into files of the request. The value is the path of a file in the container. If the field is bound to an earlier
 * node's whole output, this file is that output's JSON in one member `message`: then the evidence of that output is used, otherwise the output
 * itself.
 */
export const takeFiles = String.raw`
def upload(parts, value):
    if value is None:
        return None
    said = []
    for path in [value] if os.path.isfile(value.encode('utf-8')) else listed(value, ',\n', '') or []:
        try:
            with open(path.encode('utf-8'), 'rb') as file:
                content = file.read()
        except (OSError, ValueError) as error:
            raise Failed('{}: this file cannot be read ({}).'.format(path, getattr(error, 'strerror', None) or error))
        for name, inner in unwrapped(os.path.basename(path), content):
            part = 'file-{}'.format(len(parts) + 1)
            parts.append((part, inner))
            said.append({'path': part, 'name': name})
    return said or None


def unwrapped(name, content):
    try:
        outer = json.loads(content.decode('utf-8'))
    except (ValueError, RecursionError):
        return [(name, content)]
    if not isinstance(outer, dict) or list(outer) != ['message']:
        return [(name, content)]
    message = outer['message']
    if isinstance(message, str):
        read = written(message.strip()) if message.strip()[:1] in ('{', '[') else None
        if not isinstance(read, (dict, list)):
            return [(name, message.encode('utf-8', 'replace'))]
        message = read
    kept = [each for row in results(message) for each in (row, row.get('evidence')) if isinstance(each, dict) and each.get('sha256')]
    if not kept:
        return [(name + '.json', json.dumps(message, indent=2).encode('ascii'))]
    return [(str(each.get('safe_name') or each['sha256']), bytes_of(each)) for each in kept]
`;
