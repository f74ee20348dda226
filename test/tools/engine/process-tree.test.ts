import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { listDescendants } from '../../../tools/engine/process-tree.mjs'

test.skipIf(process.platform !== 'linux')('lists children and their children, and not the process itself', async () => {
  const child = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], { detached: true })
  const pid = child.pid ?? 0
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'))
  const [output] = await once(child.stdout, 'data')
  expect(listDescendants(pid)).toEqual([Number(String(output))])
  expect(listDescendants(process.pid)).toEqual(expect.arrayContaining([pid, Number(String(output))]))
})
