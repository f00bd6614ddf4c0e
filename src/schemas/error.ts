import { Type, type Static } from 'typebox'
import { ERROR_STATUS, type ErrorCode } from '../errors.ts'

const CODES = Object.keys(ERROR_STATUS) as ErrorCode[]

export const ErrorDetails = Type.Array(
  Type.Object(
    {
      field: Type.String({
        description: 'Where: a member, a parameter or a header.',
        examples: ['event_type'],
      }),
      message: Type.String({ description: 'What is wrong there, for people.', examples: ['is required'] }),
      code: Type.String({ description: 'Stable code of the rule that was broken.', examples: ['required'] }),
    },
    { additionalProperties: false },
  ),
  { description: 'Every field at fault; absent where no field is.' },
)

/** The one shape of every error answer. */
export const ErrorEnvelope = Type.Object(
  {
    error: Type.Enum(CODES, { description: 'Stable code of the error.', examples: ['invalid_request'] }),
    message: Type.String({
      description: 'What went wrong, for people.',
      examples: ['The request has an invalid field.'],
    }),
    details: Type.Optional(ErrorDetails),
    request_id: Type.String({
      description: 'The `X-Request-Id` of this answer, to be given when asking for help.',
      examples: ['req_3f0c9a52b7d84e1f'],
    }),
  },
  {
    $id: 'Error',
    additionalProperties: false,
    description: 'Why the request was not served.',
    examples: [
      {
        error: 'invalid_request',
        message: 'The request has an invalid field.',
        details: [{ field: 'event_type', message: 'is required', code: 'required' }],
        request_id: 'req_3f0c9a52b7d84e1f',
      },
    ],
  },
)
export type ErrorEnvelope = Static<typeof ErrorEnvelope>
