import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runCapstan } from '../packages/cli/test/support/run-capstan.js'
import { describeWithSimulator } from '../packages/runtime-apple/test/simulator/describe-with-simulator.js'
import { openApple, simulatedPlugin } from '../packages/runtime-apple/test/simulator/open-apple.js'
import { useSimulator } from '../packages/runtime-apple/test/simulator/use-simulator.js'

describeWithSimulator('capstan cp on Apple', () => {
  it('copies a directory into a running container and out of it, with content, modes, times and links', async () => {
    const simulator = await useSimulator()
    const options = { plugins: [simulatedPlugin(simulator)] }
    await using apple = await openApple(simulator)
    const { runtime } = apple.scope
    const id = await runtime.createContainer({ image: simulator.image, name: 'web', command: ['sleep', '60'] })
    const directory = await mkdtemp(join(tmpdir(), 'capstan-cp-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const source = join(directory, 'source')
    await mkdir(source)
    await writeFile(join(source, 'tool'), 'content')
    await chmod(join(source, 'tool'), 0o751)
    await utimes(join(source, 'tool'), 1_000_000_000, 1_000_000_000)
    await symlink('tool', join(source, 'link'))

    const stopped = await runCapstan(['cp', source, 'web:/tmp/copy'], options)
    expect(stopped.exitCode).toBe(125)
    expect(stopped.stderr).toContain('files are copied by programs in the container')

    await runtime.startContainer(id)
    expect(await runCapstan(['cp', source, 'web:/tmp/copy'], options)).toMatchObject({ exitCode: 0 })
    const target = join(directory, 'target')
    expect(await runCapstan(['cp', 'web:/tmp/copy', target], options)).toMatchObject({ exitCode: 0 })
    const { mode, mtimeMs } = await lstat(join(target, 'tool'))
    expect([mode & 0o777, mtimeMs]).toEqual([0o751, 1_000_000_000_000])
    expect(await readFile(join(target, 'link'), 'utf8')).toBe('content')
    expect(await readlink(join(target, 'link'))).toBe('tool')
    await runtime.removeContainer(id)
  })
})
