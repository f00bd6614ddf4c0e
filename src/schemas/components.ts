import { Batch, BatchEvent, BatchResult, BatchResults } from './batch.ts'
import { ErrorEnvelope } from './error.ts'
import { Event, EventSummary, NewEvent } from './event.ts'
import { Health } from './health.ts'
import { InboxStats } from './inbox-stats.ts'
import {
  AcknowledgeBody,
  AcknowledgeManyBody,
  Claimed,
  ClaimBody,
  EventResult,
  EventResults,
  ExtendBody,
  Extended,
  NackBody,
  ReleaseBody,
} from './queue.ts'
import { EmptyBody, RedriveBody, Redriven } from './redrive.ts'
import { Stats } from './stats.ts'

/** Every schema with a name: the components of the OpenAPI document. */
export const COMPONENTS = [
  AcknowledgeBody,
  AcknowledgeManyBody,
  Batch,
  BatchEvent,
  BatchResult,
  BatchResults,
  ClaimBody,
  Claimed,
  EmptyBody,
  ErrorEnvelope,
  Event,
  EventResult,
  EventResults,
  EventSummary,
  ExtendBody,
  Extended,
  Health,
  InboxStats,
  NackBody,
  NewEvent,
  RedriveBody,
  Redriven,
  ReleaseBody,
  Stats,
]
