// @ts-check
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntimeHost, loadPlugins } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { memoryPlugin } from '@capstan/runtime-memory'
import { createSandbox, removeSession, sandboxNeeds } from './sandbox.mjs'

// node main.mjs [RUNTIME [IMAGE [PLUGIN]]]
const [, , name = 'memory', image = 'busybox', ...given] = process.argv
const plugins = [dockerPlugin(), memoryPlugin(), ...(await loadPlugins(given, { from: import.meta.url }))]
const host = createRuntimeHost({ plugins, app: 'sandbox-example' })
const scope = await host.open({ runtime: name, requires: sandboxNeeds.required })
const session = String(process.pid)
const folder = await mkdtemp(join(tmpdir(), 'sandbox-'))
try {
  console.log(`reclaimed: ${(await scope.sweep()).removed.length}`)
  await writeFile(join(folder, 'words.txt'), 'one two three\n')
  const sandbox = await createSandbox(scope, { session, image })
  await sandbox.copyIn(join(folder, 'words.txt'), '/work/')
  const { stdout, exitCode } = await sandbox.exec(['sh', '-c', 'cat words.txt; wc -w < words.txt > count.txt; exit 3'])
  console.log(`printed "${stdout.trim()}" and exited with ${exitCode}`)
  await sandbox.copyOut('/work/count.txt', folder)
  console.log(`counted: ${(await readFile(join(folder, 'count.txt'), 'utf8')).trim()}`)
  const gateway = await sandbox.whileOnline(async (address) => address)
  console.log(`this machine ${gateway === undefined ? 'cannot be reached' : 'can be reached'}`)
  const kept = await sandbox.commitAndRun(`sandbox-${session}:kept`, ['cat', '/work/words.txt'])
  console.log(`the image has "${kept.stdout.trim()}"`)
} finally {
  console.log(`removed: ${await removeSession(scope, session)}`)
  await rm(folder, { recursive: true })
  await host[Symbol.asyncDispose]()
}
