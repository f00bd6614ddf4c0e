/**
 * Runs the command in its arguments and kills it when its own stdin ends. Whoever holds the other end of stdin may
 * die in any way, even by SIGKILL: the kernel closes the pipe, and the command does not outlive it.
 */
import { spawn } from 'node:child_process'

const [command = '', ...args] = process.argv.slice(2)
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
const kill = () => child.kill('SIGKILL')

process.stdin.on('end', kill).on('error', kill).resume()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, kill)

child.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
child.on('exit', (code) => {
  process.exit(code ?? 1)
})
