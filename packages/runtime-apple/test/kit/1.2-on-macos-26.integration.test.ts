import { describeConformance } from './describe-conformance.js'

await describeConformance('1.2 on macOS 26', 'off')
