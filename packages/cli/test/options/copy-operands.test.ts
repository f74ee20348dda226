import { describe, expect, it } from 'vitest'
import { parseCopyOperands } from '../../src/options/copy-operands.js'

const cwd = '/home/user'

describe('parseCopyOperands', () => {
  it.each([
    ['web:/etc/x', 'web', '/etc/x', ''],
    ['web:etc/x', 'web', '/etc/x', ''],
    ['web:/etc/', 'web', '/etc', '/'],
    ['web:/etc/.', 'web', '/etc', '/.'],
    ['web:.', 'web', '/', '.'],
    ['web:/', 'web', '/', ''],
    ['web:', 'web', '/', ''],
    ['web:/a/../b/./c', 'web', '/b/c', ''],
    ['web:../../x', 'web', '/x', ''],
    ['web:/a:b', 'web', '/a:b', ''],
  ])('parses %s as a path of a container', (operand, name, path, suffix) => {
    expect(parseCopyOperands(operand, 'to', cwd)).toEqual({
      direction: 'out',
      container: { name, path, suffix },
      local: '/home/user/to',
    })
  })

  it.each([
    ['file', '/home/user/file'],
    ['./a:b', '/home/user/a:b'],
    ['/a:b', '/a:b'],
    ['.', '/home/user/.'],
    ['dir/', '/home/user/dir/'],
    ['dir/.', '/home/user/dir/.'],
    ['-', undefined],
  ])('parses %s as a path of this machine', (operand, local) => {
    expect(parseCopyOperands(operand, 'web:/x', cwd)).toMatchObject({ direction: 'in', local })
  })

  it('rejects two containers, and none', () => {
    expect(() => parseCopyOperands('a:/x', 'b:/x', cwd)).toThrow('from a container to a container')
    expect(() => parseCopyOperands('a', 'b', cwd)).toThrow('neither SRC nor DEST')
  })
})
