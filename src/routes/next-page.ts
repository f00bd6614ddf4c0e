import type { FastifyReply } from 'fastify'

/** The headers of a page that has a next one, for the OpenAPI document. */
export const PAGE_HEADERS = {
  Link: {
    type: 'string',
    description:
      'The next page (RFC 8288), relative to this URL; absent on the last. Only that means the end.',
    examples: ['</events?limit=50&cursor=AZx…>; rel="next"'],
  },
  'X-Next-Cursor': { type: 'string', description: 'The cursor of the next page; absent on the last.' },
}

/** Points to the next page with every filter and the limit of this one; does nothing on the last page. */
export function linkNextPage(reply: FastifyReply, path: string, query: object, cursor: string | null): void {
  if (cursor === null) return
  const parameters = Object.entries(query)
    .filter(([name]) => name !== 'cursor')
    .map(([name, value]): [string, string] => [name, String(value)])
  const search = new URLSearchParams([...parameters, ['cursor', cursor]])
  reply.header('link', `<${path}?${search.toString()}>; rel="next"`).header('x-next-cursor', cursor)
}
