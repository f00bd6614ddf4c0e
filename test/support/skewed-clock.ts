/**
 * Loaded before the program (`--import`), it puts the clock of a whole process CLOCK_AHEAD_MS ahead, or behind where
 * that is negative. Timers and `performance.now()` run as ever, as they do on a machine whose time is wrong.
 */
const aheadMs = Number(process.env['CLOCK_AHEAD_MS'] ?? 0)
const now = Date.now.bind(Date)

Date.now = () => now() + aheadMs
globalThis.Date = new Proxy(Date, {
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now() + aheadMs] : args, newTarget) as Date,
})
