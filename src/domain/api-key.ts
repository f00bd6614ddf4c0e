import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

const TOKEN = /^trg_([0-9a-f]{16})_([0-9a-f]{64})$/

/** The two halves of a bearer token `trg_<key id>_<secret>`. */
export interface ApiKeyToken {
  key_id: string
  secret: string
}

/** @returns undefined for anything that cannot be a token of ours, so that it needs no look-up. */
export function parseToken(token: string): ApiKeyToken | undefined {
  const [, key_id, secret] = TOKEN.exec(token) ?? []
  return key_id && secret ? { key_id, secret } : undefined
}

export function createToken(): ApiKeyToken {
  return { key_id: randomBytes(8).toString('hex'), secret: randomBytes(32).toString('hex') }
}

export function formatToken({ key_id, secret }: ApiKeyToken): string {
  return `trg_${key_id}_${secret}`
}

/** SHA-256 is enough: the secret has 256 random bits, and a slow hash per request would be a lever for abuse. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret)
}

export function isSecret(secret: string, secretHash: string): boolean {
  const [given, stored] = [Buffer.from(hashSecret(secret)), Buffer.from(secretHash)]
  return given.length === stored.length && timingSafeEqual(given, stored)
}
