/**
 * Creates the page of `src_doc`. Senders wrote everything in an answer: here it is text and never markup, of limited length, without characters that
 * reorder it; the page loads nothing and has no links. Times, addresses and lists appear as a person reads them.
 */
export const makePage = String.raw`
def shown(value, limit):
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, list):
        return shown(', '.join(told(each) for each in value[:50]) + (', \u2026' if len(value) > 50 else ''), limit)
    text = re.sub('[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]', '\ufffd', told(value))
    return html.escape(text if len(text) <= limit else text[:limit] + ' \u2026')


def told(value):
    if not isinstance(value, dict):
        return '' if value is None else str(value)
    name, where = value.get('name'), value.get('address')
    if where:
        return '{} <{}>'.format(name, where) if name else str(where)
    return ' '.join(told(each) for each in value.values() if not isinstance(each, (dict, list)))


def is_said(value):
    # A long word without a blank, such as a cursor, is for programs.
    return value not in (None, '', []) and not (isinstance(value, str) and len(value) > 100 and not re.search(r'\s', value))


def page(answer, title, values, lists):
    parts = ['<h1>{}</h1><p class="{}">{}</p>'.format(
        shown(title, 200), 'done' if answer.get('success') is True else 'failed', shown(answer.get('message'), 2000))]
    rows = [(label, shown(answer[name], 10000)) for name, label in values if is_said(answer.get(name))]
    if rows:
        parts.append('<table>{}</table>'.format(''.join('<tr><th>{}</th><td>{}</td></tr>'.format(html.escape(label), text) for label, text in rows)))
    texts = []
    for member, title, columns, long in lists:
        items = answer.get(member)
        items = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        used = [(column, head) for column, head in columns if any(item.get(column) not in (None, '', []) for item in items)]
        if not used:
            continue
        head = ''.join('<th>{}</th>'.format(html.escape(head)) for _, head in used)
        body = ''.join('<tr>{}</tr>'.format(''.join('<td>{}</td>'.format(shown(item.get(column), 500)) for column, _ in used)) for item in items[:200])
        for item in items[:20]:
            name = ' / '.join(shown(item.get(column), 100) for column, _ in used[:3])
            texts += ['<h3>{}: {}</h3><pre>{}</pre>'.format(html.escape(label), name, shown(item[column], 10000))
                      for column, label in long if is_said(item.get(column))]
        more = '<p>{} more are in the JSON.</p>'.format(len(items) - 200) if len(items) > 200 else ''
        parts.append('<h2>{}</h2><table><tr>{}</tr>{}</table>{}'.format(html.escape(title), head, body, more))
    return PAGE.format(''.join(parts + texts))


PAGE = '''<!doctype html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><style>
body{{font:14px/1.45 system-ui,sans-serif;color:#16242e;margin:16px}}h1{{font-size:18px}}h2,h3{{font-size:15px}}pre{{white-space:pre-wrap;border-left:3px solid #c9d3da;padding-left:8px}}
table{{border-collapse:collapse}}th,td{{border:1px solid #c9d3da;padding:4px 8px;text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere}}
th{{background:#eef3f6;white-space:nowrap}}.done{{color:#1b6b3a}}.failed{{color:#a32020}}
</style></head><body>{}</body></html>'''
`;
