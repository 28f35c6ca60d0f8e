/** The mark: an overshot wheel between head race and tail race. */
export function Mark() {
  return (
    <svg viewBox="0 0 26 20" fill="none" stroke="currentColor" aria-hidden="true">
      <path d="M0 3.2h13M13 16.8h13" strokeWidth="2.4" />
      <circle cx="13" cy="10" r="6.8" strokeWidth="2.4" />
      <path d="M13 6.2v7.6M9.2 10h7.6" strokeWidth="1.6" />
    </svg>
  );
}
