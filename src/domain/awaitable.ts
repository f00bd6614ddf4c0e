/** At hand, or still to come. */
export type Awaitable<Value> = Value | Promise<Value>

/** Goes on with a value: at once where it is at hand, since a promise costs a turn of the event loop's queue. */
export function whenThere<Value, Next>(
  value: Awaitable<Value>,
  next: (value: Value) => Awaitable<Next>,
): Awaitable<Next> {
  return value instanceof Promise ? value.then(next) : next(value)
}
