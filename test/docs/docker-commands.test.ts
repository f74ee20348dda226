import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { commandGroups } from '../../packages/cli/src/commands/command-list.js'
import { root } from './documents.js'

it('docs/docker-commands.md lists each command of capstan and no other', () => {
  const document = readFileSync(`${root}docs/docker-commands.md`, 'utf8')
  const rows = document.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| docker |'))
  const listed = rows.flatMap((row) => {
    const [, docker = '', capstan = ''] = row.split(/ ?(?<!\\)\| ?/)
    // A command such as `network create` is listed by its first word.
    const names = (capstan === 'the same' ? docker : capstan).matchAll(/`([a-z]+)[^`]*`/g)
    return [...names].map(([, name]) => name)
  })
  const subcommands = new Set(['ls', 'rm', 'inspect', 'connect', 'disconnect'])
  const commands = commandGroups.flatMap((group) => group.commands.map(({ name }) => name))
  for (const name of commands) expect(listed, name).toContain(name)
  const unknown = listed.filter((name) => name !== undefined && !commands.includes(name) && !subcommands.has(name))
  expect(unknown).toEqual([])
})
