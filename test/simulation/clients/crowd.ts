import type { Create, Operation } from '../../support/history/history.ts'
import type { World } from '../world/world.ts'
import { SimulatedClient } from './client.ts'

/** Everybody who uses the service, and what they wrote down, by tenant. */
export class Crowd {
  readonly world: World
  readonly operations = new Map<string, Operation[]>()
  readonly #until: number
  #clients = 0
  #numbers = 0

  constructor(world: World, tenants: string[]) {
    this.world = world
    this.#until = world.scheduler.now + world.settings.loadMs
    for (const tenant of tenants) this.operations.set(tenant, [])
  }

  isOver(): boolean {
    return this.world.scheduler.now >= this.#until
  }

  /** Numbers are never used twice, whoever posts. */
  nextNumber(): number {
    return this.#numbers++
  }

  newClient(role: string, tenant: string): SimulatedClient {
    const name = `${role} ${this.#clients++} of ${tenant}`
    return new SimulatedClient(this.world, name, tenant, this.operationsOf(tenant))
  }

  operationsOf(tenant: string): Operation[] {
    return this.operations.get(tenant) ?? []
  }

  /** The postings of a tenant that were accepted. */
  accepted(tenant: string): (Create & { event_id: string })[] {
    return this.operationsOf(tenant).filter(
      (operation): operation is Create & { event_id: string } =>
        operation.op === 'create' && operation.event_id !== undefined,
    )
  }

  /** The id of an event that is another tenant's; undefined when there is none. */
  foreignId(tenant: string): string | undefined {
    const others = [...this.operations.keys()].filter((other) => other !== tenant)
    const ids = others.flatMap((other) => this.accepted(other).map(({ event_id }) => event_id))
    return ids.length === 0 ? undefined : this.world.random.pick(ids)
  }
}
