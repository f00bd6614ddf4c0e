/** A command was called in a way it does not understand. */
export class UsageError extends Error {}

function isUsageError(error: unknown): error is Error {
  const code = (error as { code?: unknown } | null)?.code
  return error instanceof UsageError || (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS'))
}

/**
 * Runs a command line: `--help` prints the help; faults go to stderr with exit code 2 when the call was wrong and 1 when
 * the work failed.
 */
export async function runCommand(help: string, run: (args: string[]) => Promise<void>): Promise<void> {
  const args = process.argv.slice(2)
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help)
    return
  }
  try {
    await run(args)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const cause =
      error instanceof Error && error.cause instanceof Error
        ? ` (${error.cause.message || error.cause.name})`
        : ''
    process.stderr.write(`${message}${cause}\n${isUsageError(error) ? '\n' + help : ''}`)
    process.exitCode = isUsageError(error) ? 2 : 1
  }
}
