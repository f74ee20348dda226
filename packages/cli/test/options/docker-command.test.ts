import { describe, expect, it } from 'vitest'
import { collect } from '../../src/options/command-definition.js'
import { DockerCommand } from '../../src/options/docker-command.js'

describe('DockerCommand', () => {
  it.each([
    ['--rm=true', { rm: true }],
    ['--rm=false', { rm: false }],
    ['--rm --rm=0', { rm: false }],
    ['-i=t', { interactive: true }],
    ['-i=F', { interactive: false }],
    ['-it=true', { interactive: true, tty: true }],
    ['-it=false', { interactive: true, tty: false }],
    ['--no-trunc=true', { trunc: false }],
    ['--no-trunc=false', { trunc: true }],
    ['--pause=false', { pause: false }],
    ['-P=false', { pause: false }],
    ['-P app', { pause: true }],
  ])('reads the flags of %s', (line, expected) => {
    expect(parse(line).opts()).toMatchObject(expected)
  })

  it.each([
    ['-e=A=1 -e B=2 -eC=3 --env=D=4 --env E=5', ['A=1', 'B=2', 'C=3', 'D=4', 'E=5']],
    ['-ie=A=1', ['A=1']],
    ['-e --rm=true --env -i=false', ['--rm=true', '-i=false']],
    ['-e=--rm=true', ['--rm=true']],
    ['-ie -i=true', ['-i=true']],
    ['-erm=true', ['rm=true']],
  ])('reads the values of %s', (line, env) => {
    const options = parse(line).opts()
    expect(options).toMatchObject({ env })
    expect(options).not.toHaveProperty('rm')
  })

  it.each(['--rm=maybe', '--rm=', '-i=maybe', '-it=2'])('rejects the value of %s', (line) => {
    const [flags, value] = line.split('=')
    expect(() => parse(line)).toThrow(`${flags} must be true or false, not ${JSON.stringify(value)}`)
  })

  it('leaves an unknown option and an option without its value to commander', () => {
    expect(() => parse('--other=true')).toThrow("unknown option '--other=true'")
    expect(() => parse('-iz=true')).toThrow("unknown option '-z=true'")
    expect(() => parse('--env')).toThrow(/--env <text>' argument missing/)
  })

  it('leaves the words after --', () => {
    expect(parse('a -- --rm=true -e=1')).toMatchObject({ args: ['a', '--rm=true', '-e=1'] })
  })

  it('leaves the command line of a container', () => {
    const line = '-e busybox --rm=true app -e=1 --rm=false -i=maybe'
    const command = parse(line, (each) => each.passThroughOptions())
    expect(command.args).toEqual(['app', '-e=1', '--rm=false', '-i=maybe'])
    expect(command.opts()).toMatchObject({ env: ['busybox'], rm: true })
  })

  it('leaves the options of a subcommand to it', () => {
    const root = new DockerCommand()
      .exitOverride()
      .enablePositionalOptions()
      .option('-e, --env')
      .option('--name <name>')
    const child = withOptions(root.command('child').passThroughOptions())
    root.parse(['--name', 'a', '-e=true', 'child', '-e=1', '--rm=true', 'app', '--rm=false'], { from: 'user' })
    expect(root.opts()).toEqual({ env: true, name: 'a' })
    expect(child.opts()).toMatchObject({ env: ['1'], rm: true })
    expect(child.args).toEqual(['app', '--rm=false'])
  })
})

function parse(line: string, change = (command: DockerCommand) => command): DockerCommand {
  const command = withOptions(change(new DockerCommand()))
  command.exitOverride().configureOutput({ outputError: () => {} })
  return command.parse(line.split(' '), { from: 'user' })
}

function withOptions<Given extends DockerCommand>(command: Given): Given {
  return command
    .argument('[words...]')
    .option('--rm')
    .option('-i, --interactive')
    .option('-t, --tty')
    .option('-e, --env <text>', '', collect)
    .option('-P, --pause', '', true)
    .option('--no-pause')
    .option('--no-trunc')
    .action(() => {})
}
