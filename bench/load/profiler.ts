/**
 * Loaded into a server before it starts (`--import`): SIGUSR2 starts V8's profiler, and the next one stops it and writes
 * what it saw to PROFILE_FILE, under another name first, so that who waits for the file gets all of it.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'

const { PROFILE_FILE = '' } = process.env
const SAMPLING_US = 250

const session = new Session()
session.connect()
let isRunning = false

async function toggle(): Promise<void> {
  if (isRunning) {
    const { profile } = await session.post('Profiler.stop')
    writeFileSync(`${PROFILE_FILE}.part`, JSON.stringify(profile))
    renameSync(`${PROFILE_FILE}.part`, PROFILE_FILE)
  } else {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_US })
    await session.post('Profiler.start')
  }
  isRunning = !isRunning
}

process.on('SIGUSR2', () => void toggle())
