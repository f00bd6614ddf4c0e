/** Values inside a body that could not be kept equal, by the code of their fault. */
export const UNKEEPABLE: [text: string, code: string][] = [
  ['1e400', 'number_overflow'],
  ['-1e400', 'number_overflow'],
  ['1'.repeat(400), 'number_overflow'],
  ['0.1e99999', 'number_overflow'],
  ['9223372036854775808', 'integer_out_of_range'],
  ['9007199254740992', 'integer_out_of_range'],
  ['-9007199254740993', 'integer_out_of_range'],
  ['[{"a":[18446744073709551616]}]', 'integer_out_of_range'],
  ['{"__proto__":{"polluted":true}}', 'forbidden_name'],
  ['{"\\u005f\\u005fproto\\u005F_":1}', 'forbidden_name'],
  ['[[{"constructor":{"__proto__":{}}}]]', 'forbidden_name'],
  ['['.repeat(64) + ']'.repeat(64), 'too_deep'],
  ['{"a":'.repeat(64) + '0' + '}'.repeat(64), 'too_deep'],
  [`${'['.repeat(120_000)}${']'.repeat(120_000)}`, 'too_deep'],
]

const bytes = (...values: number[]) => Buffer.from(values)
const within = (bad: Buffer) => Buffer.concat([Buffer.from('{"a":"'), bad, Buffer.from('"}')])

/** Whole bodies that no route takes, by the code of their fault. */
export const UNREADABLE: [what: string, body: string | Buffer, code: string][] = [
  ...[' ', '\r\n\t', '{', '{"a":', '{"a"}', '{} {}', '{},', "{'a':1}", '{a:1}', '{"a":1,}', '[1,]'].map(
    (text) => [text, text, 'invalid_json'] as [string, string, string],
  ),
  ...['{"a":01}', '{"a":NaN}', '{"a":-Infinity}', '{"a":0x1}', '{"a":+1}', '{"a":.5}', '{"a":1.}'].map(
    (text) => [text, text, 'invalid_json'] as [string, string, string],
  ),
  ...['/**/{}', '{}//', '<a/>', 'a=b', 'undefined', 'True', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"\n"}'].map(
    (text) => [text, text, 'invalid_json'] as [string, string, string],
  ),
  ['a byte order mark', '\ufeff{}', 'invalid_json'],
  ['NUL in a text', '{"a":"\0"}', 'invalid_json'],
  ['NUL between', '{\0}', 'invalid_json'],
  ['NUL behind', '{}\0', 'invalid_json'],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'invalid_utf8'],
  ['an overlong slash', within(bytes(0xc0, 0xaf)), 'invalid_utf8'],
  ['an encoded surrogate', within(bytes(0xed, 0xa0, 0x80)), 'invalid_utf8'],
  ['beyond Unicode', within(bytes(0xf4, 0x90, 0x80, 0x80)), 'invalid_utf8'],
  ['half a character', within(bytes(0xe2, 0x82)), 'invalid_utf8'],
  ['no UTF-8 at all', bytes(0xff), 'invalid_utf8'],
  ['gzip', bytes(0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0), 'invalid_utf8'],
  ...['0', '42', '-0', '"text"', 'true', 'false', '[]', '[{}]', '[[]]'].map(
    (text) => [text, text, 'type'] as [string, string, string],
  ),
]

/** Content types that are not JSON. */
export const OTHER_TYPES = [
  ...[
    'text/plain',
    'text/json',
    'application/jsonx',
    'application/json-patch+json',
    'application/vnd.api+json',
  ],
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/octet-stream'],
  ...['application/json, text/plain', 'application /json', 'json', '*/*', '', ';', 'application/json\u00a0'],
]

export const ENCODINGS = [
  'gzip',
  'deflate',
  'br',
  'zstd',
  'compress',
  'x-gzip',
  'identity, gzip',
  'nonsense',
  '*',
]
