package language

// common are words that stand in nearly every text of a language, folded: no
// accents, small letters. Words that several of these languages share are left
// out where the language has others. A tag ending in -Latn is a language
// written in Latin letters that has a script of its own.
func common() map[string]string {
	return map[string]string{
		"en":      "the and you that was for are with his they have this from not what all were we when your can said there an which she do how their if will up about out many then them these so some her would him has more my been is it to of in he on me be at i a im hes shes dont cant please help by as or who get just now she's it's no but our any got",
		"cy":      "mae yn ei eu yr ni chi dy ein eich rwyf rydw dwi rwy wyf yw ydy nad nid ddim wedi fod roedd gan gyda heb dros wrth hefyd ond neu pan sut pam beth pwy pryd hwn hyn heddiw neithiwr bore nos diolch heddlu helpwch gallwch hoffwn eisiau isio mi ar o gyfer sydd maen",
		"pl":      "nie jest sie na do ze jak ale tak po od dla co juz przez bardzo pomoc prosze mam moj moja ten byl ona on jego mnie zostal gdzie dzien dobry czy sa aby tylko przed moze jestem",
		"ro":      "nu este un cu pe care din mai sunt am va rog sa acum imi ajutor fost dar si la lui ei mea meu buna ziua cand aici vreau sau pentru daca foarte",
		"es":      "que el los las una por para con pero como esta este muy todo tengo ayuda favor mi su se lo y en es estoy hola ha mas ella hay ahora aqui cuando donde",
		"fr":      "il les des est une dans pour pas vous nous je ne sur avec qui mais ce cette mon ma votre bonjour merci au aux du elle sont suis moi chez ca j'ai cest ete",
		"pt":      "os um uma nao com mas isso ele ela meu minha voce por favor eu estou esta tem ajuda que para na da do se ao muito foi aqui onde agora ola",
		"it":      "il di che non sono per mio mia della nel ho questo anche aiuto come una gli con ma si e ce qui ora buongiorno mi lui lei del sta casa",
		"lt":      "ir yra kad as mano ne bet su jis ji tai labai prasau laba diena buvo kaip i is man mes yra nuo cia dabar pas",
		"tr":      "ve bir bu icin cok ben beni var yok ama gibi daha lutfen evde yardim degil ne mi kadar simdi bana benim ile sonra merhaba o",
		"sq":      "dhe nje te ne me per eshte nuk jam ka qe si por ketu tani po mua im shtepi ju lutem u kam pershendetje duhet",
		"de":      "der die das und ist ich nicht ein eine mit auf zu den dem sich auch es von bitte wir sie haben mein er hat",
		"so":      "waa waxaa iyo oo ka ku u aan ma la ayaa uu ay si wax in fadlan caawi hadda guriga gurigayga nin waxay",
		"vi":      "toi la khong va co nguoi cho cua nha dang bi mot cac nay xin giup duoc anh chi",
		"bg-Latn": "ne se na da i moje molq pomosht v sam imam za kato tova mi nqkoj koito shte ima ot",
		"ur-Latn": "hai hain mera meri mujhe nahi nahin kya kar raha rahi ko ka ki ke se mein aap hum wo woh aur par bhi tha thi ghar yeh mere ne",
		"pa-Latn": "hai nu da di te mainu tusi si main meri mera ne vich kol oh kar reha rahi hun ghar nahi mere",
		"bn-Latn": "ami amar na ekta kore ache ki ke amake tumi apni ekhon bari theke ar she kintu korte",
	}
}
