/** Most store calls that one request has under way at a time. */
export const MAX_CONCURRENT = 16
