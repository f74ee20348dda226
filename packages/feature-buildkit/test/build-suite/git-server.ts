import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { endWithThisProcess } from '../../../../tools/end-with-this-process.mjs'
import { findProgram } from '../../../../tools/engine/engine-packages.mjs'
import { findFreePort, isListening } from '../../../../tools/local-ports.mjs'
import { createDirectory } from './build-files.js'

/**
 * Serves `git://…/repository` until the end of the test. Its branch `side` has these files. Resolves with `undefined` if this
 * machine has no git.
 */
export async function startGitServer(files: Readonly<Record<string, string>>): Promise<{ port: number } | undefined> {
  const git = findProgram('git')
  if (git === undefined) return undefined
  const directory = createDirectory()
  const repository = join(directory, 'repository')
  const run = (...words: readonly string[]) => execFileSync(git, ['-C', repository, ...identity, ...words])
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true })
    writeFileSync(join(repository, path), text)
  }
  run('init', '--quiet', '--initial-branch=side')
  run('add', '.')
  run('commit', '--quiet', '--message=files of a test')
  const port = await findFreePort()
  const daemon = spawn(git, ['daemon', '--export-all', `--base-path=${directory}`, `--port=${port}`, directory], {
    stdio: 'ignore',
    detached: true,
  })
  await once(daemon, 'spawn')
  const exited = once(daemon, 'exit')
  const cancelEnd = endWithThisProcess(-(daemon.pid ?? 0), directory)
  onTestFinished(async () => {
    // git starts the daemon as another process of this group.
    signalGroup(daemon, 'SIGTERM')
    await exited
    cancelEnd()
  })
  const exitedEarly = exited.then(() => {
    throw new Error('git daemon has exited')
  })
  await Promise.race([expect.poll(() => isListening(port)).toBe(true), exitedEarly])
  return { port }
}

/** Does nothing if the processes have ended. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false']
