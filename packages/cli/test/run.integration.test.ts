import { once } from 'node:events'
import { execa } from 'execa'
import { afterEach, expect, it } from 'vitest'
import { describeWithEngine } from '../../../test/support/test-engine.js'
import { expectShortLines } from './support/expect-short-lines.js'
import { bin, spawnCapstan } from './support/spawn-capstan.js'

describeWithEngine('capstan run on a real engine', ({ socketPath, image }) => {
  const env = { DOCKER_HOST: `unix://${socketPath}`, CAPSTAN_RUNTIME: 'docker' }
  const name = `capstan-cli-${process.pid}`
  const capstan = (...argv: string[]) => spawnCapstan(argv, { env })
  const exists = async () => JSON.parse((await capstan('ps', '--all', '--json')).stdout).containers.some(isSameOwner)
  const isSameOwner = (container: { readonly name: string }) => container.name === name
  const inEnv = { ...env, NODE: process.execPath, BIN: bin }
  const inShell = (script: string) => execa('sh', ['-c', script], { reject: false, env: inEnv })

  afterEach(() => capstan('rm', '--force', name))

  it('exits with the exit code of the container and removes the container', async () => {
    const { exitCode, stdout, stderr } = await capstan(
      'run',
      '--rm',
      '--name',
      name,
      image,
      'sh',
      '-c',
      'echo out; exit 7',
    )
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 7, stdout: 'out', stderr: '' })
    expect(await exists()).toBe(false)
  })

  it('passes stdin until its end, and exits when stdin stays open', async () => {
    const counted = await spawnCapstan(['run', '--rm', '-i', image, 'wc', '-c'], { env, input: 'abc' })
    expect(counted.stdout.trim()).toBe('3')
    const open = spawnCapstan(['run', '--rm', '-i', image, 'echo', 'done'], { env, isStdinOpen: true })
    expect((await open).stdout).toBe('done')
    expect((await spawnCapstan(['run', '--rm', image, 'wc', '-c'], { env, isStdinOpen: true })).stdout.trim()).toBe('0')
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops and removes the container on %s and exits with %i', async (signal, exitCode) => {
    const running = spawnCapstan(
      ['run', '--rm', '--name', name, '--stop-timeout', '1', image, 'sh', '-c', 'echo up; exec sleep 1000'],
      { env },
    )
    await once(running.stdout, 'data')
    running.kill(signal)
    expect((await running).exitCode).toBe(exitCode)
    expect(await exists()).toBe(false)
  })

  it('forwards Ctrl-C as the --stop-signal, and exits with the exit code of the container', async () => {
    const script = 'trap "exit 5" INT; echo up; while :; do sleep 0.1; done'
    const running = spawnCapstan(['run', '--rm', '--stop-signal', 'SIGINT', image, 'sh', '-c', script], { env })
    await once(running.stdout, 'data')
    running.kill('SIGINT')
    expect((await running).exitCode).toBe(5)
  })

  it('exits with 127 for a missing command and 126 for one that is not executable, and removes the container', async () => {
    const missing = await capstan('run', '--name', name, image, 'no-such-command')
    expect(missing.exitCode).toBe(127)
    expect(missing.stderr).toMatch(/^capstan run: .*no-such-command/)
    expect((await capstan('run', '--name', name, image, '/etc/passwd')).exitCode).toBe(126)
    expect(await exists()).toBe(false)
  })

  it('exits without an error when the reader of its output closes it', async () => {
    const { stdout, stderr } = await inShell(`"$NODE" "$BIN" run --rm --name ${name} ${image} yes | head -n 1`)
    expect({ stdout, stderr }).toEqual({ stdout: 'y', stderr: '' })
    expect(await exists()).toBe(false)
  })

  it('sets the size of the terminal, passes keys, and restores the terminal', async () => {
    // A process may have started before the size of its terminal is set.
    const program = 'until stty size | grep 31; do sleep 0.1; done; read line; echo "got $line"; exit 9'
    const run = `"$NODE" "$BIN" run --rm -it ${image} sh -c '${program}'`
    const script = `stty rows 31 cols 97; ${run}; echo "code $?"; stty -a`
    const terminal = execa('script', ['-qec', script, '/dev/null'], { env: inEnv, stdin: 'pipe' })
    let output = ''
    terminal.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (output.includes('31 97') && terminal.stdin.writable) terminal.stdin.end('keys\r')
    })
    await terminal
    expect(output).toContain('\r\ngot keys\r\n')
    expect(output).toContain('code 9')
    expect(output).toMatch(/[^-]icanon/)
    expect(output).toMatch(/[^-]echo\b/)
    expect(output).toMatch(/[^-]opost/)
  })

  it('leaves the container running when the user types Ctrl-P Ctrl-Q, also with --rm', async () => {
    const program = 'echo up; read line; echo "got $line"; exec sleep 1000'
    const run = `"$NODE" "$BIN" run --rm -it --name ${name} ${image} sh -c '${program}'`
    const terminal = execa('script', ['-qec', `${run}; echo "code $?"`, '/dev/null'], { env: inEnv, stdin: 'pipe' })
    let output = ''
    let isTyped = false
    terminal.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (output.includes('up') && !isTyped) terminal.stdin.write('\x10keys\r\x10\x11')
      isTyped ||= output.includes('up')
    })
    await terminal
    expect(output).toContain('Detached')
    expect(output).toContain('code 0')
    const { containers } = JSON.parse((await capstan('inspect', '--json', name)).stdout)
    expect(containers[0].state.status).toBe('running')
    await expect.poll(async () => (await capstan('logs', name)).stdout).toContain('got \x10keys')
  })

  it('makes a detached container persistent, so that no sweep removes it', async () => {
    const { stdout: id } = await capstan('run', '-d', '--name', name, image, 'sleep', '1000')
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect((await capstan('sweep', '--dry-run', '--json')).stdout).not.toContain(id)
  })

  it('does not remove the container when the command is killed, and the next sweep lists it', async () => {
    const running = spawnCapstan(['run', '--rm', '--name', name, image, 'sh', '-c', 'echo up; exec sleep 1000'], {
      env,
    })
    await once(running.stdout, 'data')
    running.kill('SIGKILL')
    await running
    const swept = JSON.parse((await capstan('sweep', '--dry-run', '--json')).stdout)
    expect(swept.runtimes[0].removed).toContainEqual(expect.objectContaining({ kind: 'container', name }))
  })

  it('publishes on all addresses by default, and on a given address only, as docker does', async () => {
    const options = ['-p', '80', '-p', '127.0.0.1::81']
    await capstan('run', '-d', '--name', name, ...options, image, 'sleep', '1000')
    const { containers } = JSON.parse((await capstan('inspect', '--json', name)).stdout)
    const addresses = containers[0].ports.map(({ containerPort, hostAddress }: Record<string, unknown>) => [
      containerPort,
      hostAddress,
    ])
    expect(addresses).toContainEqual([80, '0.0.0.0'])
    expect(addresses).toContainEqual([81, '127.0.0.1'])
  })

  it('names a bind source that does not exist', async () => {
    const { exitCode, stderr } = await capstan('run', '--rm', '-v', './no-such-folder:/data', image, 'true')
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^capstan run: .*no-such-folder/)
    expectShortLines(stderr)
  })
})
