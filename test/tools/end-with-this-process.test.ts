import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { root } from '../docs/documents.js'

const tool = pathToFileURL(join(root, 'tools/end-with-this-process.mjs')).href

test.skipIf(process.platform === 'win32')(
  'a killed process leaves no program that ends with it, nor its files',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'capstan-test-'))
    const program = `
    import { spawn } from 'node:child_process'
    import { endWithThisProcess } from ${JSON.stringify(tool)}
    const { pid } = spawn('sleep', ['60'])
    endWithThisProcess(pid, ${JSON.stringify(directory)})
    console.log(pid)`
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(owner.stdout, 'data')
    const pid = Number(line)
    process.kill(pid, 0)
    owner.kill('SIGKILL')
    await expect.poll(() => isRunning(pid)).toBe(false)
    await expect.poll(() => existsSync(directory)).toBe(false)
  },
)

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
